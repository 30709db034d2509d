import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFramesActivities } from '../../../activities/frames.ts';
import { ArtifactStore, sha256OfFile } from '../../../core/artifact-store.ts';
import type { DatasetManifest, Sample } from '../../../core/sample.ts';
import { Clips } from '../../../core/sample.ts';
import { DEFAULT_PROMPT } from '../../../policy/prompt-config.ts';
import { decodeClip } from '../../../video/clip.ts';
import { makeVideo } from '../video/make-video.ts';

let folder: string;
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-activity-'));
  store = new ArtifactStore(join(folder, 'store'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileSample(id: string, frames: number): Promise<Sample> {
  const path = join(folder, `${id}.mp4`);
  await makeVideo(path, { frames });
  return { id, video: { path, sha256: await sha256OfFile(path), bytes: (await stat(path)).size }, caption: 'x' };
}

async function manifestOf(train: Sample[], heldOut: Sample[] = []) {
  const manifest: DatasetManifest = { name: 'test', digest: 'x', train, heldOut, quarantined: [] };
  return store.putJson(`manifests/${[...train, ...heldOut].map(({ id }) => id).join('-')}.json`, manifest);
}

test('turns samples into clips in their order, from files and from the store, and reports progress', async () => {
  const a = await fileSample('a', 4);
  const b = await fileSample('b', 6);
  const stored = await store.put('video.mp4', await readFile(join(folder, 'b.mp4')));
  const c: Sample = { id: 'c', video: { artifact: stored }, caption: 'x' };
  const progress: number[] = [];
  const { extractFrames } = createFramesActivities({ store, onProgress: ({ done }) => progress.push(done) });
  const manifest = await manifestOf([b], [c, a, b]);
  const output = await extractFrames({ manifest, samples: 'held-out', frames: {} });
  const clips = await store.readJson(output.clips, Clips);
  expect(clips.map(({ sampleId }) => sampleId)).toEqual(['c', 'a', 'b']);
  // The same content is the same clip, whatever its path is.
  expect(clips[0]!.clip).toEqual(clips[2]!.clip);
  expect(decodeClip(await store.read(clips[1]!.clip))).toMatchObject({ shape: [8, 84, 84, 3] });
  expect(progress).toEqual([1, 2, 3]);

  const batch = await extractFrames({ manifest, samples: { seed: 1, step: 7, round: 0, size: 4 }, frames: {} });
  expect((await store.readJson(batch.clips, Clips)).map(({ sampleId }) => sampleId)).toEqual(['b']);
});

test("chooses the prompt: drawn for a step, the first text for a benchmark, or the sample's own", async () => {
  const samples = [await fileSample('p', 4), { ...(await fileSample('q', 4)), prompt: 'What happens?' }];
  const manifest = await manifestOf(samples, samples);
  const { extractFrames } = createFramesActivities({ store });
  const prompt = { texts: ['One.', 'Two.', 'Three.'] };
  const asked = async (of: Parameters<typeof extractFrames>[0]['samples'], more: object = { prompt }) => {
    const { clips } = await extractFrames({ manifest, samples: of, frames: {}, ...more });
    const listed = await store.readJson(clips, Clips);
    return Object.fromEntries(listed.map(({ sampleId, prompt }) => [sampleId, prompt]));
  };
  expect(await asked('held-out')).toEqual({ p: 'One.', q: 'What happens?' });
  const drawn = new Set<string | undefined>();
  for (let step = 1; step <= 20; step++) {
    const { p, q } = await asked({ seed: 1, step, round: 0, size: 2 });
    expect(q).toBe('What happens?');
    drawn.add(p);
  }
  expect([...drawn].sort()).toEqual(['One.', 'Three.', 'Two.']);
  expect((await asked('held-out', {})).p).toBe(DEFAULT_PROMPT);
});

test('decodes a video once for each way of sampling, and then needs it no more', async () => {
  const sample = await fileSample('once', 5);
  const manifest = await manifestOf([], [sample]);
  const { extractFrames } = createFramesActivities({ store });
  const first = await extractFrames({ manifest, samples: 'held-out', frames: {} });
  await rm(join(folder, 'once.mp4'));
  expect(await extractFrames({ manifest, samples: 'held-out', frames: {} })).toEqual(first);
  await expect(extractFrames({ manifest, samples: 'held-out', frames: { count: 4 } })).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringMatching(/once\.mp4 of sample "once" is gone; put it back or start a new run/),
  });
});

test('refuses a file that changed since the dataset was prepared', async () => {
  const sample = await fileSample('changed', 9);
  const manifest = await manifestOf([], [sample]);
  await writeFile(join(folder, 'changed.mp4'), 'something else');
  const { extractFrames } = createFramesActivities({ store });
  await expect(extractFrames({ manifest, samples: 'held-out', frames: {} })).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringContaining('is no longer the file that the dataset was prepared with'),
  });
});

test('stops when it is cancelled', async () => {
  const manifest = await manifestOf([], [await fileSample('stopped', 7)]);
  const reason = new Error('cancelled');
  const { extractFrames } = createFramesActivities({ store, signal: () => AbortSignal.abort(reason) });
  await expect(extractFrames({ manifest, samples: 'held-out', frames: {} })).rejects.toBe(reason);
});
