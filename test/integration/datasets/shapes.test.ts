import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import type { PrepareDatasetInput } from '../../../contracts/dataset.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { DatasetManifest } from '../../../core/sample.ts';
import { makeShapesSplit } from '../../../datasets/shapes/shapes.ts';
import { exportPretraining } from '../../../scripts/export-pretraining.ts';
import { extractClip } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { probeVideo } from '../../../video/probe.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-shapes-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const small = { kind: 'shapes', trainSamples: 9, heldOutSamples: 2 } as const;
type Needs = z.input<typeof PrepareDatasetInput>['needs'];
const newStore = (name: string) => new ArtifactStore(join(folder, name));

async function prepare(store: ArtifactStore, dataset: object, runKey = 'run', needs: Needs = []) {
  const progress: number[] = [];
  const { prepareDataset } = createDatasetActivities({ store, onProgress: ({ done }) => progress.push(done) });
  const output = await prepareDataset({ runKey, dataset: { ...small, ...dataset }, needs });
  return { output, progress, manifest: await store.readJson(output.manifest, DatasetManifest) };
}

test('makes ordinary videos with references, the same everywhere', async () => {
  const store = newStore('one');
  const { output, manifest, progress } = await prepare(store, {});
  expect(output).toMatchObject({ train: 9, heldOut: 2, quarantined: 0 });
  expect(manifest.train).toHaveLength(9);
  expect(progress).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
  const { video, caption, thought, events } = manifest.train[0]!;
  expect(caption.split('. ')).toHaveLength(events!.length);
  expect(thought).toHaveLength(events!.length);
  expect('artifact' in video).toBe(true);
  if (!('artifact' in video)) return;
  expect(await probeVideo(await store.localCopy(video.artifact))).toMatchObject({
    codec: 'h264',
    durationSeconds: 3,
    width: 224,
    height: 224,
    frames: 24,
  });

  expect((await prepare(newStore('two'), {})).output.digest).toBe(output.digest);

  // What a reward needs is there where it is needed, and changes nothing else.
  const needs: Needs = [
    { field: 'questions', component: 'qa' },
    { field: 'keyPoints', component: 'checklist' },
  ];
  const needed = await prepare(store, { references: 'noisy' }, 'needed', needs);
  expect(needed.manifest.train[0]!.video).toEqual(video);
  for (const { questions, keyPoints } of needed.manifest.train)
    expect([questions!.length / 3, keyPoints!.length / 2]).toEqual([keyPoints!.length / 2, questions!.length / 3]);
  expect(Object.keys(manifest.train[0]!)).toEqual(['id', 'video', 'caption', 'thought', 'events']);
});

test('when one video fails, ends with its error once nothing is written any more', async () => {
  const store = newStore('failing');
  const once = store.once.bind(store);
  let writing = 0;
  store.once = async (key, make) => {
    if (key.endsWith('000001.mp4')) throw new Error('no room for it');
    writing += 1;
    return once(key, make).finally(() => {
      writing -= 1;
    });
  };
  const split = { split: 'train', seed: 1, count: 4, references: 'exact' } as const;
  await expect(makeShapesSplit(split, { store, parallel: 4 })).rejects.toThrow('no room for it');
  expect(writing).toBe(0);
});

test('reuses what is there, for any size and kind of references', async () => {
  const store = newStore('one');
  const again = await prepare(store, {}, 'another-run');
  expect(again.output).toEqual((await prepare(store, {})).output);
  const noisy = await prepare(store, { references: 'noisy' }, 'noisy');
  expect(noisy.manifest.train.map(({ video }) => video)).toEqual(again.manifest.train.map(({ video }) => video));
  expect(noisy.manifest.train).not.toEqual(again.manifest.train);
  expect(noisy.manifest.heldOut).toEqual(again.manifest.heldOut);
  expect(noisy.output.digest).not.toBe(again.output.digest);
  const few = await prepare(store, { references: 'few' }, 'few');
  expect(few.manifest.train.map(({ id }) => id)).toEqual(['train-000000', 'train-000008']);
  expect(few.manifest.heldOut).toEqual(again.manifest.heldOut);
});

test('stops when it is cancelled', async () => {
  const reason = new Error('cancelled');
  const deps = { store: newStore('three'), signal: AbortSignal.abort(reason) };
  await expect(makeShapesSplit({ split: 'train', seed: 1, count: 3, references: 'exact' }, deps)).rejects.toBe(reason);
});

test('pretraining data shows what the product decodes', async () => {
  const out = join(folder, 'pretraining');
  await exportPretraining({ out, split: 'train', seed: 1, start: 0, count: 5, shard: 3 });
  const frames = await readFile(join(out, 'shard-00000.bin'));
  const bytes = 8 * 84 * 84 * 3;
  expect(frames).toHaveLength(3 * bytes);
  expect(await readFile(join(out, 'shard-00001.bin'))).toHaveLength(2 * bytes);

  const store = newStore('one');
  const { manifest } = await prepare(store, {});
  const lines = (await readFile(join(out, 'shard-00000.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const [i, line] of lines.entries()) {
    const { video, caption, thought, events } = manifest.train[i]!;
    expect(line).toMatchObject({ id: `train-1-${i}`, exact: { caption, thought, events } });
    if (!('artifact' in video)) throw new Error('expected a stored video');
    const clip = await extractClip(await store.localCopy(video.artifact), FrameOptions.parse({}));
    const exported = frames.subarray(i * bytes, (i + 1) * bytes);
    const difference = exported.reduce((sum, level, at) => sum + Math.abs(level - clip.data[at]!), 0) / bytes;
    // Not 0: the encoder spends its bits a little differently when scenes follow each other.
    expect(difference).toBeLessThan(1);
  }
});
