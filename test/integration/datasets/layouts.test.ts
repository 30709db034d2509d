import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import { createFramesActivities } from '../../../activities/frames.ts';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import { createUpdateActivities } from '../../../activities/update.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { CaptionedClip, Rollout } from '../../../core/completion.ts';
import { Clips, DatasetManifest } from '../../../core/sample.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { decodeClip } from '../../../video/clip.ts';
import { naming } from '../../refusal.ts';
import { storeScored } from '../../stored-scores.ts';
import { makeVideo } from '../video/make-video.ts';

let folder: string;
let store: ArtifactStore;
const engine = new OnnxEngine();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-own-layouts-'));
  store = new ArtifactStore(join(folder, 'store'));
  await makeVideo(join(folder, 'long.mp4'), { frames: 38 });
  await makeVideo(join(folder, 'my clip.mp4'), { frames: 8 });
  await makeVideo(join(folder, 'held.mp4'), { frames: 10 });
  await mkdir(join(folder, 'frames'));
  for (let i = 0; i < 12; i++) await writeFile(join(folder, 'frames', `${i}.png`), picture(i));
  await writeFile(join(folder, 'photo.png'), picture(20));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

function picture(i: number): Buffer {
  const canvas = createCanvas(64, 64);
  const context = canvas.getContext('2d');
  context.fillStyle = `rgb(${i * 10},0,0)`;
  context.fillRect(0, 0, 64, 64);
  return canvas.toBuffer('image/png');
}

const caption = 'A red circle moves.';
const answered = (videos: string[]) => ({
  messages: [
    { role: 'user', content: '<video>What?' },
    { role: 'assistant', content: caption },
  ],
  videos,
});

let runs = 0;
async function prepare(train: object[], heldOut: object[], { maxBadSamples = 0, frames = {} } = {}) {
  runs += 1;
  const write = async (name: string, rows: object[]) => {
    const path = join(folder, `${name}-${runs}.json`);
    await writeFile(path, JSON.stringify(rows));
    return path;
  };
  const dataset = {
    kind: 'jsonl' as const,
    train: await write('train', train),
    heldOut: await write('held', heldOut),
    maxBadSamples,
  };
  const output = await createDatasetActivities({ store }).prepareDataset({ runKey: `run-${runs}`, dataset, frames });
  return { ref: output.manifest, manifest: await store.readJson(output.manifest, DatasetManifest) };
}

test('samples of every layout, segments, pictures and URLs train and are captioned, each with its frames', async () => {
  const frames = { fps: 2, maxFrames: 8, sampling: 'ends' as const };
  const { ref, manifest } = await prepare(
    [
      { video: 'long.mp4', caption, start: 0, end: 4 },
      { video: 'long.mp4', caption, start: 2.5 },
      answered([pathToFileURL(join(folder, 'my clip.mp4')).href]),
      { video: 'frames', fps: 2, conversations: [{ from: 'gpt', value: caption }] },
      { images: ['photo.png'], caption },
    ],
    [answered(['file://held.mp4'])],
    { frames },
  );
  expect(manifest.train.map(({ id, prompt }) => [id, prompt])).toEqual([
    ['long.mp4#t=0,4', undefined],
    ['long.mp4#t=2.5', undefined],
    [expect.stringMatching(/^file:.*my%20clip\.mp4$/), 'What?'],
    ['frames', undefined],
    ['photo.png', undefined],
  ]);
  expect(manifest.train[2]!.video).toMatchObject({ path: join(folder, 'my clip.mp4') });

  const deps = { store, parallel: 1 };
  const { extractFrames } = createFramesActivities(deps);
  const config = ExperimentConfig.parse({ frames, policy: { engine: { kind: 'onnx', threads: 1 } } });
  const samples = { seed: 1, step: 1, round: 0, size: 5 };
  const { clips } = await extractFrames({ manifest: ref, samples, frames: config.frames });
  const list = await store.readJson(clips, Clips);
  const lengths = await Promise.all(
    list.map(async ({ sampleId, clip }) => [sampleId, decodeClip(await store.read(clip)).shape[0]] as const),
  );
  expect(Object.fromEntries(lengths)).toEqual({
    'long.mp4#t=0,4': 8,
    'long.mp4#t=2.5': 4,
    [manifest.train[2]!.id]: 4,
    frames: 8,
    'photo.png': 2,
  });

  const { loadPolicy, rolloutGroups, captionClips } = createRolloutActivities({ ...deps, engine });
  const { updatePolicy } = createUpdateActivities({ ...deps, engine });
  const runKey = 'layouts';
  const { engine: section } = config.policy;
  const { policy } = await loadPolicy({ runKey, policy: config.policy });
  const { rollout } = await rolloutGroups({
    ...{ runKey, step: 1, round: 0, part: 0, policy, engine: section, clips, seed: 1 },
    sampling: { groupSize: 2, maxNewTokens: 12 },
  });
  const { groups } = await store.readJson(rollout, Rollout);
  expect(groups.map(({ sampleId }) => sampleId)).toEqual(list.map(({ sampleId }) => sampleId));
  const shared = { runKey, reference: policy, engine: section, keepEvery: 0 };
  const learnt = await updatePolicy({
    ...{ ...shared, step: 1, policy, algorithm: { kind: 'grpo' } },
    batch: {
      learnsFrom: 'completions',
      scored: await storeScored(store, [{ rollout, advantages: groups.map(() => [0.7, -0.7]) }]),
      clips: [clips],
      ...{ temperature: 1, maxNewTokens: 12 },
    },
  });
  // Sampled and learnt with the same batches of clips: the first ratios are 1.
  expect(learnt.metrics.samplingMismatch).toBeLessThan(1e-4);
  const taught = await updatePolicy({
    ...{ ...shared, step: 2, policy: learnt.policy, algorithm: { kind: 'sft' } },
    batch: { learnsFrom: 'references', clips, manifest: ref },
  });
  expect(new Set([policy, learnt.policy, taught.policy].map(({ weights }) => weights.sha256)).size).toBe(3);
  const held = await extractFrames({ manifest: ref, samples: 'held-out', frames: config.frames });
  const { captions } = await captionClips({
    ...{ runKey, step: 2, policy: taught.policy, engine: section, clips: held.clips },
    ...{ list: 'held-out', maxNewTokens: 12 },
  });
  expect(await store.readJson(captions, z.array(CaptionedClip))).toMatchObject([{ sampleId: 'file://held.mp4' }]);
});

test('sets aside what has nothing in its segment, with its entry', async () => {
  const { manifest } = await prepare(
    [
      { video: 'long.mp4', caption, end: 1 },
      { video: 'long.mp4', caption, start: 5, end: 6 },
      { video: 'long.mp4', caption, start: 3, end: 2 },
      { video: 'long.mp4', caption, fps: 2 },
      { video: 'frames', caption, times: [0, 1] },
      answered(['a.mp4', 'b.mp4']),
    ],
    [{ video: 'held.mp4', caption }],
    { maxBadSamples: 5 },
  );
  expect(manifest.train.map(({ id, end }) => [id, end])).toEqual([['long.mp4#t=,1', 1]]);
  const reasons = manifest.quarantined.map(({ reason }) => reason.replace(/^.*\.json /, ''));
  expect(reasons).toEqual([
    naming('entry 2', join(folder, 'long.mp4'), '4.75 s', '5 s', '"start"', '"end"'),
    naming('entry 3', '"end" is 2', '"start"', '3'),
    expect.stringMatching(/^entry 4: "fps" states when /),
    expect.stringMatching(/^entry 5: "times" has 2 entries, but folder .*frames has 12 pictures/),
    expect.stringMatching(/^entry 6: it names 2 videos/),
  ]);
});

test('a held-out segment that overlaps a trained one is set aside; one beside it is another clip', async () => {
  const { manifest } = await prepare(
    [{ video: 'long.mp4', caption, start: 1, end: 2 }],
    [
      { video: 'long.mp4', caption, start: 2, end: 3 },
      { video: 'long.mp4', caption, start: 1.5, end: 3 },
      { video: 'long.mp4', caption },
    ],
    { maxBadSamples: 2 },
  );
  expect(manifest.heldOut.map(({ id }) => id)).toEqual(['long.mp4#t=2,3']);
  expect(manifest.quarantined.map(({ reason }) => reason.replace(/^.*?json entry/, 'entry'))).toEqual([
    expect.stringMatching(/^entry 2: its video is also trained on \(.* entry 1\)$/),
    expect.stringMatching(/^entry 3: its video is also trained on/),
  ]);
});

test('pictures that are links out of their folder are set aside; a changed picture ends the run', async () => {
  await mkdir(join(folder, 'links'));
  await symlink(join(folder, 'photo.png'), join(folder, 'links', '1.png'));
  await mkdir(join(folder, 'changing'));
  for (const i of [1, 2]) await writeFile(join(folder, 'changing', `${i}.png`), picture(i));
  const { ref, manifest } = await prepare(
    [
      { video: 'links', caption },
      { video: 'frames', caption },
    ],
    [{ video: 'changing', caption }],
    { maxBadSamples: 1 },
  );
  expect(manifest.quarantined[0]!.reason).toMatch(/links\/1\.png is a link that leads out of .*links, to .*photo\.png/);
  await copyFile(join(folder, 'photo.png'), join(folder, 'changing', '2.png'));
  const { extractFrames } = createFramesActivities({ store });
  await expect(extractFrames({ manifest: ref, samples: 'held-out', frames: {} })).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringMatching(/is no longer the file that the dataset was prepared with/),
  });
});
