import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnnotationActivities } from '../../../activities/annotation.ts';
import { createSuiteActivities } from '../../../activities/suites.ts';
import { asDream1kRow } from '../../../scripts/fetch-example-film.ts';
import { lineNaming, naming } from '../../refusal.ts';
import { type OpenAiServer, readsWords, startOpenAiServer } from '../../servers/openai-server.ts';
import { type Ended, ScriptedWorld } from './scripted-world.ts';

let world: ScriptedWorld;
let judge: OpenAiServer;
beforeAll(async () => {
  judge = await startOpenAiServer((question, request) => {
    if (!('caption' in question)) return readsWords(question, request);
    const [, subject, action] = (question.caption as string).split(/[ .]/);
    return { thought: [{ subject, attributes: [], actions: [action] }], events: [`a ${subject} ${action}`] };
  });
  const env = { KEY: 'sk' };
  world = await ScriptedWorld.start((store) => ({
    ...createSuiteActivities({ store, env }),
    ...createAnnotationActivities({ store, env }),
  }));
  const config = { kind: 'llm', model: 'by-the-letter', baseUrl: judge.baseUrl, apiKeyEnv: 'KEY' };
  const price = { inputPerMillion: 1000, outputPerMillion: 2000 };
  await writeFile(join(world.home, 'own.yaml'), JSON.stringify({ judge: { ...config, price } }));
});
afterAll(async () => {
  await world?.end();
  await judge?.close();
});

const path = (name: string) => join(world.home, name);
const writeLines = (name: string, rows: object[]) =>
  writeFile(path(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const linesOf = async (name: string) =>
  (await readFile(path(name), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const json = ({ code, stdout, stderr }: Ended) => {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

describe('videocap annotate', () => {
  const CAPTIONS = [
    { id: 'one', video: 'clips/1.mp4', caption: 'A dog barks.' },
    { video: 'clips/2.mp4', caption: 'A cat sleeps.' },
    { video: 'clips/3.mp4', caption: 'A cow eats.', thought: [], events: ['a cow eats'] },
  ];
  const annotate = (...args: string[]) =>
    world.videocap(['annotate', 'captions.jsonl', '--config', 'own.yaml', ...args]);
  beforeAll(() => writeLines('captions.jsonl', CAPTIONS));

  it('writes a dataset, a review page and statistics, and says what it cost', async () => {
    const { code, stdout, stderr } = await annotate('--out', 'train.jsonl');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stderr).toMatch(/^Run annotate-\d{8}-\d{6}-[0-9a-f]{4}$/m);
    expect(stdout.split('\n')).toEqual([
      '',
      expect.stringMatching(/^2 of 3 .*, 1 .*; 0 /),
      expect.stringMatching(/^2 calls, 0 .*, 20 \+ 10 tokens, 0\.0400 USD$/),
      '',
      `annotated    ${path('train.jsonl')}`,
      `review       ${path('train.review.html')}`,
      `statistics   ${path('train.statistics.json')}`,
      '',
    ]);
    expect(await linesOf('train.jsonl')).toEqual([
      { ...CAPTIONS[0], thought: [{ subject: 'dog', attributes: [], actions: ['barks'] }], events: ['a dog barks'] },
      { ...CAPTIONS[1], thought: [{ subject: 'cat', attributes: [], actions: ['sleeps'] }], events: ['a cat sleeps'] },
      CAPTIONS[2],
    ]);
    expect(await readFile(path('train.review.html'), 'utf8')).toContain('A cat sleeps.');
    expect(JSON.parse(await readFile(path('train.statistics.json'), 'utf8'))).toMatchObject({
      dataset: path('captions.jsonl'),
      judge: { model: 'by-the-letter', endpoint: judge.baseUrl },
      samples: { total: 3, complete: 1, annotated: 2 },
    });
  });

  it('gives the same to scripts, and pays nothing the second time', async () => {
    const before = judge.requests.length;
    const written = json(await annotate('--out', 'again.jsonl', '--json'));
    expect(written).toEqual({
      workflowId: expect.stringMatching(/^annotate-/),
      runId: expect.any(String),
      output: path('again.jsonl'),
      review: path('again.review.html'),
      statistics: path('again.statistics.json'),
      samples: { total: 3, complete: 1, annotated: 2, unscorable: 0, notAsked: 0, odd: 0 },
      usage: { calls: 0, cacheHits: 2, inputTokens: 0, outputTokens: 0, cost: 0, repeated: 0 },
    });
    expect(judge.requests.length).toBe(before);
    expect(await linesOf('again.jsonl')).toEqual(await linesOf('train.jsonl'));
  });

  it('can be left going', async () => {
    const started = json(await annotate('--out', 'later.jsonl', '--detach', '--json'));
    expect(started).toEqual({ workflowId: expect.any(String), runId: expect.any(String) });
    await world.environment.client.workflow.getHandle(started.workflowId).result();
    expect(await linesOf('later.jsonl')).toEqual(await linesOf('train.jsonl'));
  });

  it('refuses to write over any of its three files, before anything starts', async () => {
    await writeFile(path('taken.review.html'), 'notes of a person');
    await writeFile(path('other.statistics.json'), '{}');
    const listed = async () => (await readdir(world.home)).sort();
    const before = { files: await listed(), requests: judge.requests.length };
    const taken = {
      'train.jsonl': 'train.jsonl',
      'taken.jsonl': 'taken.review.html',
      'other.jsonl': 'other.statistics.json',
      'captions.jsonl': 'captions.jsonl',
    };
    const told = Object.values(taken).map((file) => ({
      ...{ code: 1, stdout: '' },
      stderr: lineNaming(path(file), 'exists already', '--out.'),
    }));
    expect(await Promise.all(Object.keys(taken).map((out) => annotate('--out', out)))).toEqual(told);
    expect({ files: await listed(), requests: judge.requests.length }).toEqual(before);
  });

  it('refuses a judge that cannot annotate, a file that is not there, and one that is no dataset', async () => {
    await writeFile(path('wrong.jsonl'), '{"video": "a.mp4"}\n');
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await world.videocap(['annotate', ...args, '--out', 'none.jsonl']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return stderr;
    };
    const own = ['--config', 'own.yaml'];
    expect(
      await Promise.all([said('captions.jsonl'), said('nothing.jsonl', ...own), said('wrong.jsonl', ...own)]),
    ).toEqual([
      lineNaming('quickstart', 'rule-based', '--config', '--set judge.kind=llm'),
      `There is no file ${path('nothing.jsonl')}.\n`,
      expect.stringMatching(/failed \(InvalidDataset\): .*wrong\.jsonl has a line that is no sample: line 1: /),
    ]);
  });
});

describe('videocap bench', () => {
  const CLIPS = [
    { id: 'one', start: 0, end: 1, caption: 'A dog barks. A cat sleeps.', events: ['a dog barks', 'a cat sleeps'] },
    { id: 'two', start: 1, end: 2, caption: 'A cow eats.', events: ['a cow eats'] },
    { id: 'gone', start: 2, end: 3, caption: 'A hen runs.', events: ['a hen runs'] },
  ];
  const PREDICTED = [
    { id: 'one', caption: 'A dog barks.' },
    { id: 'two', caption: 'A cow eats.' },
  ];
  const FILES = ['dream1k-items.md', 'dream1k-report.md', 'dream1k-result.json'];
  beforeAll(async () => {
    await writeLines('dream1k.jsonl', CLIPS.map(asDream1kRow));
    await writeLines('mine.jsonl', PREDICTED);
  });
  const bench = (...args: string[]) =>
    world.videocap([
      ...['bench', 'dream1k', '--annotations', 'dream1k.jsonl', '--predictions', 'mine.jsonl', '--config', 'own.yaml'],
      ...args,
    ]);

  it('scores captions made elsewhere and shows the table beside published rows', async () => {
    const { code, stdout, stderr } = await bench('--out', 'result');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    // One: 1 of 2 events, 1 of 1 claims. Two: 1 of 1, 1 of 1. R 3/4, P 1, F1 6/7.
    expect(stdout).toMatch(/DREAM-1K \(AutoDQ\) +mine\.jsonl +VideoCap-R1/);
    expect(stdout).toMatch(/F1 +85\.7 \[\S+, 100\.0\] +34\.2 /);
    expect(stdout).toMatch(/Recall +75\.0 /);
    expect(stdout).toMatch(/Precision +100\.0 /);
    expect(stdout).toContain('mine.jsonl: 2 of 3 items scored, 1 missing\n');
    const text = async (name: string) => readFile(path(`result/${name}`), 'utf8');
    for (const name of FILES) expect(stdout).toContain(path(`result/${name}`));
    expect((await readdir(path('result'))).sort()).toEqual(FILES);
    expect(await text('dream1k-items.md')).toContain('- neutral: a cat sleeps');
    expect(await text('dream1k-report.md')).toContain('gone: there is no caption for it');
    expect(JSON.parse(await text('dream1k-result.json'))).toMatchObject({
      ...{ suite: 'dream1k', subject: path('mine.jsonl'), counts: { items: 3, scored: 2, missing: 1 } },
    });
  });

  it('gives the same to scripts, and pays nothing the second time', async () => {
    const before = judge.requests.length;
    const { evaluation, files, ...run } = json(await bench('--json', '--out', 'json'));
    expect(run).toEqual({ workflowId: expect.stringMatching(/^bench-/), runId: expect.any(String) });
    expect(evaluation).toMatchObject({
      suite: 'dream1k',
      metrics: { recall: 75, precision: 100, f1: expect.closeTo(600 / 7, 9) },
      counts: { items: 3, scored: 2, withoutCaption: 0, unscorable: 0, missing: 1 },
    });
    expect(Object.values(files).sort()).toEqual(FILES.map((name) => path(`json/${name}`)));
    for (const name of FILES) expect((await stat(path(`json/${name}`))).size).toBeGreaterThan(0);
    expect(judge.requests.length).toBe(before);
  });

  it('says what the figures were made with, and warns of captions that fit no clip or come twice', async () => {
    const more = [
      { id: 'one', caption: 'A fox.' },
      { id: 'unknown-clip', caption: 'A cow.' },
    ];
    await writeLines('more.jsonl', [...PREDICTED, ...more]);
    const { stdout } = await bench('--predictions', 'more.jsonl', '--quirk', 'judgeEmpty');
    expect(stdout).toMatch(
      /Made with: 2 captions of \S*more\.jsonl \(sha256 \w{12}\); judge by-the-letter; quirks judgeEmpty\n/,
    );
    expect(stdout).toContain(
      'WARNING: 1 of the predictions is there again with another text, and the first one counts',
    );
    expect(stdout).toContain('WARNING: 1 of the predictions is of no clip of DREAM-1K (AutoDQ) and not scored; ');
    expect(stdout).toContain('"unknown-clip"');
  });

  it('measures a checkpoint on the held-out videos of a config', async () => {
    const [shown, told] = await Promise.all([
      world.videocap(['bench', 'tiny']),
      world.videocap(['bench', 'tiny', '--json']),
    ]);
    expect(shown.stdout).toMatch(/held-out, points +value\n.*\n +event F1 +50\.0\n +action F1 +60\.0\n/);
    expect(json(told)).toMatchObject({ evaluation: { step: 0, metrics: { eventF1: 50 }, policy: { model: 'tiny' } } });
  });

  it("measures a run's checkpoint with the run's own config, and prints that it does", async () => {
    await (await world.start('own-settings', 2, { 'dataset.heldOutSamples': 7 })).result();
    const own = await world.videocap(['bench', 'run:own-settings']);
    expect(own.stderr).toMatch(/^ {2}.* prompt.* held-out videos .* run:own-settings-[0-9a-f]{8}@2\.\n/);
    expect(own).toMatchObject({ code: 0, stdout: naming('held-out videos', '7 scenes', 'event F1') });
    const other = await world.videocap(['bench', 'run:own-settings@2', '--config', 'quickstart']);
    expect(other).toMatchObject({ code: 0, stdout: naming('held-out videos', '100 scenes') });
    const none = await world.videocap(['bench', 'run:own-settings@9']);
    expect(none).toMatchObject({ code: 1, stdout: '', stderr: lineNaming('step 9', '0, 1, 2') });
  });

  it('is refused without what it needs, before anything starts', async () => {
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await world.videocap(['bench', ...args]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return stderr;
    };
    const files = ['--annotations', 'dream1k.jsonl', '--predictions', 'mine.jsonl'];
    expect(
      await Promise.all([
        said('dream1k', ...files),
        said('dream1k', ...files, '--limit', '0'),
        said('tiny', 'dream1k'),
      ]),
    ).toEqual([
      lineNaming('DREAM-1K', '--set judge.kind=llm'),
      naming("'0' is invalid", 'at least 1', '100'),
      lineNaming('dream1k', '--annotations'),
    ]);
  });
});
