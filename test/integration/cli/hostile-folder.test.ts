import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { makeVideo } from '../video/make-video.ts';

/** Hostile model folders, given to the commands as a person does, with the servers and workers that they start. */
const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));
let folder: string;
const at = (...path: string[]) => join(folder, ...path);

async function videocap(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, VIDEOCAP_HOME: at('home') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return { code: await new Promise((resolve) => child.once('close', resolve)), stderr };
}

/** The command ends with 1 and one sentence that names the file: no stack. */
async function refused(args: string[], ...named: string[]): Promise<void> {
  const { code, stderr } = await videocap(...args);
  expect(stderr).not.toMatch(/^\s+at /m);
  const last = stderr.trimEnd().split('\n').at(-1)!;
  for (const name of named) expect(last).toContain(name);
  expect(code).toBe(1);
}

async function changeTokenizer(name: string, change: object): Promise<void> {
  const path = at(name, 'tokenizer.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hostile-folder-'));
  await makeVideo(at('clip.mp4'), { frames: 8 });
  for (const name of ['template', 'regex', 'pipe', 'untied'])
    await cp(openModelFolder('tiny').path, at(name), { recursive: true, filter: (path) => !path.endsWith('onnx') });
  await writeFile(at('template', 'chat_template.jinja'), '{% for i in range(1000000000) %}{{ i }}{% endfor %}');
  const pattern = { Regex: '(?:.|..)+\\d' };
  await changeTokenizer('regex', { normalizer: { type: 'Replace', pattern, content: '' } });
  await rm(at('pipe', 'tokenizer.json'));
  execFileSync('mkfifo', [at('pipe', 'tokenizer.json')]);
  const config = JSON.parse(await readFile(at('untied', 'config.json'), 'utf8'));
  await writeFile(at('untied', 'config.json'), JSON.stringify({ ...config, tie_word_embeddings: false }));
});
afterAll(async () => {
  await videocap('down');
  await rm(folder, { recursive: true, force: true });
});

const FOLDERS = [
  ['template', 'chat template'],
  ['regex', 'tokenizer.json'],
  ['pipe', 'tokenizer.json is a pipe'],
  ['untied', 'tie_word_embeddings'],
] as const;

test.each(FOLDERS)('caption: %s', async (name, fault) => {
  await refused(['caption', at(name), at('clip.mp4')], at(name), fault);
});

test('run and bench: a wrong model is found before the data are prepared, and the worker goes on', async () => {
  await refused(['run', 'quickstart', '--set', `policy.model=${at('template')}`], at('template'), 'chat template');
  await refused(['bench', at('regex')], at('regex'), 'tokenizer.json');
  await refused(['run', 'quickstart', '--set', `policy.model=${at('pipe')}`], at('pipe'), 'tokenizer.json');
  await refused(['bench', at('untied')], at('untied'), 'tie_word_embeddings');
  const stored = await readdir(at('home', 'store'), { recursive: true }).catch(() => []);
  expect(stored.filter((path) => path.includes('dataset.json'))).toEqual([]);
}, 600_000);

test('a video that is a pipe', async () => {
  execFileSync('mkfifo', [at('pipe.mp4')]);
  await refused(['caption', 'tiny', at('pipe.mp4')], at('pipe.mp4'));
});
