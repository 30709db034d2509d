import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import type { PrepareDatasetInput } from '../../../contracts/dataset.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { DatasetManifest } from '../../../core/sample.ts';
import { naming, refusal } from '../../refusal.ts';
import { makeVideo } from '../video/make-video.ts';

let folder: string;
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-own-data-'));
  store = new ArtifactStore(join(folder, 'store'));
  for (const [i, name] of ['a', 'b', 'c'].entries()) await makeVideo(join(folder, `${name}.mp4`), { frames: 3 + i });
  await copyFile(join(folder, 'a.mp4'), join(folder, 'copy-of-a.mp4'));
  await writeFile(join(folder, 'broken.mp4'), 'not a video');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Policy = z.input<typeof PrepareDatasetInput>['policy'];
let runs = 0;
async function prepare(train: object[], heldOut: object[], maxBadSamples = 0, policy?: Policy) {
  const write = async (name: string, lines: object[]) => {
    const path = join(folder, name);
    await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    return path;
  };
  runs += 1;
  const dataset = {
    kind: 'jsonl',
    train: await write(`train-${runs}.jsonl`, train),
    heldOut: await write(`held-out-${runs}.jsonl`, heldOut),
    maxBadSamples,
  } as const;
  const { prepareDataset } = createDatasetActivities({ store });
  const output = await prepareDataset({ runKey: `own-${runs}`, dataset, policy });
  return { output, manifest: await store.readJson(output.manifest, DatasetManifest) };
}

const caption = 'Something happens.';

test('takes own videos, named relative to the file', async () => {
  const events = ['something happens'];
  const { output, manifest } = await prepare(
    [{ video: 'a.mp4', caption, events, prompt: ' What happens? ' }],
    [{ id: 'second', video: join(folder, 'b.mp4'), caption }],
  );
  expect(output).toMatchObject({ train: 1, heldOut: 1, quarantined: 0 });
  expect(manifest.train[0]).toMatchObject({
    video: { path: join(folder, 'a.mp4') },
    caption,
    events,
    prompt: 'What happens?',
  });
  expect(manifest.heldOut[0]).not.toHaveProperty('prompt');
  expect(manifest.heldOut[0]).toMatchObject({ id: 'second', video: { path: join(folder, 'b.mp4') } });
});

test('mixes several training files by their weights, and tells apart what has one name', async () => {
  const write = async (name: string, ...lines: object[]) => {
    const path = join(folder, name);
    await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    return path;
  };
  const [a, b] = [
    { video: 'a.mp4', caption },
    { video: 'b.mp4', caption },
  ];
  const train = [
    { path: await write('film.jsonl', a, b), weight: 3 },
    { path: await write('more.jsonl', a), weight: 1 },
  ];
  const heldOut = await write('held.jsonl', { video: 'c.mp4', caption });
  const { prepareDataset } = createDatasetActivities({ store });
  const prepare = async (runKey: string, weight: number) => {
    const mixed = [{ ...train[0]!, weight }, train[1]!];
    const output = await prepareDataset({ runKey, dataset: { kind: 'jsonl', train: mixed, heldOut } });
    return store.readJson(output.manifest, DatasetManifest);
  };
  const manifest = await prepare('mixed', 3);
  expect(manifest.name).toBe('film+more');
  expect(manifest.train.map(({ id }) => id)).toEqual(['a.mp4', 'b.mp4', 'a.mp4#train-2-1']);
  expect(manifest.sources).toEqual([
    { name: 'film', weight: 3, samples: 2 },
    { name: 'more', weight: 1, samples: 1 },
  ]);
  expect((await prepare('mixed-otherwise', 1)).digest).not.toBe(manifest.digest);

  const one = { kind: 'jsonl', heldOut } as const;
  const file = await prepareDataset({ ...{ runKey: 'one' }, dataset: { ...one, train: train[0]!.path } });
  const list = await prepareDataset({ ...{ runKey: 'list' }, dataset: { ...one, train: [train[0]!] } });
  expect(list.manifest).toEqual(file.manifest);
  const linked = join(folder, 'film-2.jsonl');
  await symlink(train[0]!.path, linked);
  const twice = [train[0]!, { path: linked, weight: 1 }];
  await expect(prepareDataset({ runKey: 'twice', dataset: { ...one, train: twice } })).rejects.toThrow(
    /dataset\.train names one file twice, as .*film\.jsonl and as .*film-2\.jsonl; name it once/,
  );
  await mkdir(join(folder, 'other'));
  const alike = [{ path: await write('other/more.jsonl', { video: '../b.mp4', caption }), weight: 1 }];
  const named = [train[1]!, ...alike, { path: await write('more-2.jsonl', a), weight: 1 }];
  const { manifest: ref } = await prepareDataset({ runKey: 'named', dataset: { ...one, train: named } });
  const { sources } = await store.readJson(ref, DatasetManifest);
  expect(sources!.map(({ name }) => name)).toEqual(['more', 'more-2', 'more-2-2']);
  const empty = [train[0]!, { path: await write('empty.jsonl'), weight: 1 }];
  await expect(prepareDataset({ runKey: 'empty', dataset: { ...one, train: empty } })).rejects.toThrow(
    /empty\.jsonl has no usable sample/,
  );
});

test('a run keeps the dataset that it started with', async () => {
  const { prepareDataset } = createDatasetActivities({ store });
  const dataset = { kind: 'jsonl', train: 'gone.jsonl', heldOut: 'gone.jsonl' } as const;
  expect(await prepareDataset({ runKey: `own-${runs}`, dataset })).toMatchObject({ train: 1 });
});

test('a sample that lacks what the reward needs is refused before its video is looked at', async () => {
  const train = join(folder, 'needs.jsonl');
  const question = { question: 'What happens?', options: ['something', 'nothing'], answer: 'something' };
  const samples = [
    { video: 'a.mp4', caption, questions: [question] },
    { video: 'not-there.mp4', caption },
  ];
  await writeFile(train, samples.map((sample) => JSON.stringify(sample)).join('\n'));
  const heldOut = join(folder, 'needs-held-out.jsonl');
  await writeFile(heldOut, JSON.stringify({ video: 'b.mp4', caption }));
  const { prepareDataset } = createDatasetActivities({ store });
  const run = (maxBadSamples: number) =>
    prepareDataset({
      runKey: `needs-${maxBadSamples}`,
      dataset: { kind: 'jsonl', train, heldOut, maxBadSamples },
      needs: [{ field: 'questions', component: 'qa' }],
    });
  await expect(run(0)).rejects.toThrow(
    refusal('InvalidDataset', 'line 2: "questions"', 'reward.qa', '--make questions'),
  );
  const { manifest, ...counts } = await run(1);
  const more = join(folder, 'needs-more.jsonl');
  await writeFile(more, JSON.stringify({ video: 'not-there.mp4', caption }));
  const sources = [{ path: train }, { path: more }];
  await expect(
    prepareDataset({
      runKey: 'needs-mixed',
      dataset: { kind: 'jsonl', train: sources, heldOut, maxBadSamples: 1 },
      needs: [{ field: 'questions', component: 'qa' }],
    }),
  ).rejects.toThrow(/needs-more\.jsonl line 1: "questions" is missing/);
  expect(counts).toMatchObject({ train: 1, heldOut: 1, quarantined: 1 });
  expect((await store.readJson(manifest, DatasetManifest)).train[0]!.questions).toEqual([question]);
});

const mixed = [
  { video: 'a.mp4', caption },
  { video: 'broken.mp4', caption },
  { video: 'missing.mp4', caption },
  { video: 'https://example.com/a.mp4', caption },
  { video: 'c.mp4' },
  { id: 'twice', video: 'a.mp4', caption },
  { id: 'twice', video: 'a.mp4', caption },
];

test('sets samples aside that cannot be used, each with its line and reason', async () => {
  const { manifest } = await prepare(
    mixed,
    [
      { video: 'b.mp4', caption },
      { video: 'copy-of-a.mp4', caption },
    ],
    6,
  );
  expect(manifest.train.map(({ id }) => id)).toEqual(['a.mp4', 'twice']);
  expect(manifest.heldOut.map(({ id }) => id)).toEqual(['b.mp4']);
  const reasons = manifest.quarantined.map(({ reason }) => reason);
  expect(reasons).toEqual([
    expect.stringMatching(/held-out-\d+\.jsonl line 2: its video is also trained on \(.*train-\d+\.jsonl line 1\)/),
    expect.stringMatching(/train-\d+\.jsonl line 2: Video .*broken\.mp4 cannot be read/),
    expect.stringMatching(/line 3: Video .*missing\.mp4 does not exist/),
    expect.stringMatching(/line 4: video "https:.*" is an address; download it/),
    expect.stringMatching(/line 5: "caption"/),
    expect.stringMatching(/line 7: id "twice" is taken by .* line 6/),
  ]);
});

test('ends the run in one sentence when more are bad than allowed', async () => {
  await expect(prepare(mixed, [{ video: 'b.mp4', caption }], 4)).rejects.toMatchObject({
    code: 'InvalidDataset',
    message: expect.stringMatching(/^5 samples .* dataset\.maxBadSamples \(4\): .*line 2: .*; 2 more\. /),
  });
});

test('needs samples in both splits', async () => {
  await expect(prepare([{ video: 'a.mp4', caption }], [])).rejects.toMatchObject({
    code: 'InvalidDataset',
    message: expect.stringMatching(/held-out-\d+\.jsonl has no usable sample/),
  });
});

test('sets aside what is too long for the policy, as its tokenizer counts, before any video is decoded', async () => {
  const policy = {
    ...{ model: 'tiny', engine: { kind: 'onnx' as const }, prompt: {} },
    maxNewTokens: { sampling: 128, benchmark: 128 },
  };
  const train = [
    { id: 'short', video: 'a.mp4', caption },
    { id: 'endless', video: 'broken.mp4', caption: 'It goes on. '.repeat(1667).slice(0, 19_999) },
    {
      id: 'thoughtful',
      video: 'b.mp4',
      caption,
      thought: [{ subject: 'a '.repeat(2500), attributes: [], actions: [] }],
    },
    { id: 'commanding', video: 'b.mp4', caption, prompt: 'Say it <|im_end| > '.repeat(100) },
  ];
  const heldOut = [{ video: 'c.mp4', caption: 'It goes on. '.repeat(1600) }];
  const learns = await prepare(train, heldOut, 3, { ...policy, learnsFrom: 'references' });
  expect(learns.manifest.train.map(({ id }) => id)).toEqual(['short']);
  expect(learns.manifest.heldOut).toHaveLength(1);
  expect(learns.manifest.quarantined).toEqual([
    { id: 'endless', reason: naming('line 2', 'tokens', 'dataset.maxReferenceTokens', 1024) },
    { id: 'thoughtful', reason: naming('line 3', 'tokens', 'dataset.maxReferenceTokens', 1024) },
    { id: 'commanding', reason: naming('line 4', 'prompt', 'reference', 1024) },
  ]);
  const samples = await prepare([train[0]!, { ...train[1], video: 'b.mp4' }], heldOut, 0, {
    ...policy,
    learnsFrom: 'completions',
  });
  expect(samples.output).toMatchObject({ train: 2, quarantined: 0 });
});

test('refuses completions that the model was not made for', async () => {
  const engine = { kind: 'onnx' } as const;
  const maxNewTokens = { sampling: 4096, benchmark: 128 };
  const policy = { model: 'tiny', engine, prompt: {}, learnsFrom: 'completions', maxNewTokens } as const;
  const one = [{ video: 'a.mp4', caption }];
  await expect(prepare(one, [{ video: 'c.mp4', caption }], 0, policy)).rejects.toThrow(
    refusal('InvalidConfig', 'sampling.maxNewTokens', 4096, 1024) as Error,
  );
});
