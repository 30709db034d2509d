import { execFileSync, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { makeVideo } from '../video/make-video.ts';

/** Hostile model folders, given to the commands as a person does, with the servers and workers that they start. */
const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));
let folder: string;
const at = (...path: string[]) => join(folder, ...path);

async function videocap(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, VIDEOCAP_HOME: at('home') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk) => {
      said[name] += chunk;
    });
  return { code: await new Promise((resolve) => child.once('close', resolve)), ...said };
}

/** The command ends with 1 and one sentence that names the file: no stack. */
async function refused(args: string[], ...named: string[]): Promise<void> {
  const { code, stderr } = await videocap(...args);
  expect(stderr).not.toMatch(/^\s+at /m);
  const last = stderr.trimEnd().split('\n').at(-1)!;
  for (const name of named) expect(last).toContain(name);
  expect(code).toBe(1);
}

async function changeJson(path: string, change: object): Promise<void> {
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
}

const ENDLESS = '{% for i in range(1000000000) %}{{ i }}{% endfor %}';
const UNTIED = { tie_word_embeddings: false };
/** The smallest real experiment. */
const SMALL = {
  algorithm: { kind: 'sft', steps: 1, samplesPerStep: 1 },
  policy: { engine: { kind: 'onnx', threads: 1 } },
  benchmark: { maxNewTokens: 4, everySteps: 0 },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hostile-folder-'));
  await makeVideo(at('clip.mp4'), { frames: 8 });
  await makeVideo(at('other.mp4'), { frames: 9 });
  for (const name of ['template', 'regex', 'pipe', 'untied', 'long', 'sound'])
    await cp(openModelFolder('tiny').path, at(name), { recursive: true, filter: (path) => !path.endsWith('onnx') });
  await writeFile(at('template', 'chat_template.jinja'), ENDLESS);
  const pattern = { Regex: '(?:.|..)+\\d' };
  await changeJson(at('regex', 'tokenizer.json'), { normalizer: { type: 'Replace', pattern, content: '' } });
  await rm(at('pipe', 'tokenizer.json'));
  execFileSync('mkfifo', [at('pipe', 'tokenizer.json')]);
  await changeJson(at('untied', 'config.json'), UNTIED);
  // As the published models say, and not what the shipped one was made for.
  const { text_config } = JSON.parse(await readFile(at('long', 'config.json'), 'utf8'));
  const longer = { text_config: { ...text_config, max_position_embeddings: 131_072 } };
  await changeJson(at('long', 'config.json'), longer);
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

describe('fork of a run whose model folder has become hostile', () => {
  let run: string;
  beforeAll(async () => {
    const dataset = { kind: 'shapes', trainSamples: 1, heldOutSamples: 1 };
    const policy = { ...SMALL.policy, model: at('sound') };
    await writeFile(at('small.json'), JSON.stringify({ ...SMALL, name: 'parent', dataset, policy }));
    const { code, stdout, stderr } = await videocap('run', at('small.json'), '--json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    run = JSON.parse(stdout).workflowId;
  }, 120_000);
  afterEach(async () => {
    await rm(at('sound'), { recursive: true });
    await cp(at('long'), at('sound'), { recursive: true });
  });
  const fork = () => ['fork', run, '--at-step', '1', '--set', 'algorithm.steps=2'];

  test('a pipe', async () => {
    await rm(at('sound', 'tokenizer.json'));
    execFileSync('mkfifo', [at('sound', 'tokenizer.json')]);
    await refused(fork(), at('sound'), 'tokenizer.json is a pipe');
  }, 60_000);

  test('an endless template', async () => {
    await writeFile(at('sound', 'chat_template.jinja'), ENDLESS);
    await refused(fork(), at('sound'), 'chat template');
  }, 60_000);

  test('an output layer of its own', async () => {
    await changeJson(at('sound', 'config.json'), UNTIED);
    await refused(fork(), at('sound'), 'tie_word_embeddings');
  }, 60_000);

  test('another model, which the fork would not use', async () => {
    await refused([...fork(), '--set', `policy.model=${at('long')}`], 'policy.model', at('long'), 'videocap run');
  }, 60_000);
});

test('a caption of 19,999 characters is refused by its sample before memory is taken', async () => {
  const line = (id: string, video: string, caption: string) => `${JSON.stringify({ id, video, caption })}\n`;
  await writeFile(at('train.jsonl'), line('endless', 'clip.mp4', '\u5b57'.repeat(19_999)));
  await writeFile(at('held-out.jsonl'), line('usual', 'other.mp4', 'A dog runs.'));
  const dataset = { kind: 'jsonl', train: 'train.jsonl', heldOut: 'held-out.jsonl', maxReferenceTokens: 100_000 };
  const of = (model: string) =>
    JSON.stringify({ ...SMALL, dataset, judge: { kind: 'none' }, policy: { ...SMALL.policy, model } });
  await writeFile(at('long.json'), of(at('long')));
  await refused(['run', at('long.json')], 'sample endless', 'GB of memory', 'dataset.maxReferenceTokens');
  await writeFile(at('short.json'), of('tiny'));
  await refused(['run', at('short.json')], 'its reference', '1024 tokens that the model was made for');
}, 120_000);

test('a video that is a pipe', async () => {
  execFileSync('mkfifo', [at('pipe.mp4')]);
  await refused(['caption', 'tiny', at('pipe.mp4')], at('pipe.mp4'));
});
