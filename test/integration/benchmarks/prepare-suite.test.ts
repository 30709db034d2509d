import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareSuite } from '../../../benchmarks/suites/prepare-suite.ts';
import { SuiteItems } from '../../../benchmarks/suites/suite-files.ts';
import { VDC_INSTRUCTIONS } from '../../../benchmarks/vdc/vdc-instructions.ts';
import { VDC_ASPECTS } from '../../../benchmarks/vdc/vdc-questions.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { DatasetManifest } from '../../../core/sample.ts';
import { Decoding } from '../../../core/token-filters.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { makeVideo } from '../video/make-video.ts';

const run = {
  prompt: 'Analyse, then describe.',
  frames: FrameOptions.parse({}),
  maxNewTokens: 128,
  decoding: Decoding.parse({}),
};

let root: string;
let store: ArtifactStore;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-prepare-'));
  store = new ArtifactStore(join(root, 'store'));
  for (const folder of ['videos', 'vdc']) await mkdir(join(root, folder));
  for (const name of ['a', 'b'])
    await makeVideo(join(root, 'videos', `${name}.mp4`), { frames: 2, width: 32, height: 32 });
  const questions = [{ question: 'Who?', answer: 'a man', category: '' }];
  const lines = ['a', 'b', 'gone'].map((id) => `${JSON.stringify({ [id]: questions })}\n`).join('');
  for (const aspect of VDC_ASPECTS) await writeFile(join(root, 'vdc', `${aspect}.jsonl`), lines);
  const care = ['a', 'b'].map((name) => ({ video: `${name}.mp4`, caption: 'A man runs.' }));
  await writeFile(join(root, 'care.json'), JSON.stringify(care));
});
afterAll(() => rm(root, { recursive: true }));

async function prepare(suite: 'vdc' | 'carebench', captioning?: object) {
  const annotations = join(root, suite === 'vdc' ? 'vdc' : 'care.json');
  const source = { suite, annotations, videos: join(root, 'videos'), quirks: [], captioning } as never;
  const prepared = await prepareSuite(source, run, { store });
  const manifests = await Promise.all(prepared.manifests.map((ref) => store.readJson(ref, DatasetManifest)));
  const { made } = await store.readJson(prepared.items, SuiteItems);
  return { prepared, made, samples: manifests.flatMap(({ heldOut }) => heldOut) };
}

describe('what a policy is asked about the clips of a suite', () => {
  test("VDC: a caption for each aspect, asked from the aspect's own list; one aspect after the other", async () => {
    const { samples, prepared, made } = await prepare('vdc');
    expect(samples.map(({ id }) => id)).toEqual(VDC_ASPECTS.flatMap((aspect) => [`${aspect}/a`, `${aspect}/b`]));
    for (const { id, prompt } of samples) expect(VDC_INSTRUCTIONS[id.split('/')[0] as 'short']).toContain(prompt);
    expect(prepared).toMatchObject({ clips: 2, missing: 1, captioning: { like: 'authors', maxNewTokens: 1024 } });
    expect(made).toMatchObject({ by: 'policy', prompt: { count: new Set(samples.map(({ prompt }) => prompt)).size } });
  });

  test('VDC, with one instruction for all: one caption, which stands for all aspects', async () => {
    const { samples, made } = await prepare('vdc', { like: 'authors', prompt: 'What happens?' });
    expect(samples.map(({ id, prompt }) => [id, prompt])).toEqual([
      ['a', 'What happens?'],
      ['b', 'What happens?'],
    ]);
    expect(made).toMatchObject({ prompt: { text: 'What happens?', count: 1 }, own: ['prompt'] });
  });

  test("CaReBench: the authors' one, or the run's", async () => {
    const asked = async (captioning?: object) =>
      (await prepare('carebench', captioning)).samples.map(({ prompt }) => prompt);
    expect(await asked()).toEqual(Array(2).fill('Describe the video in detail.'));
    expect(await asked({ like: 'run' })).toEqual(Array(2).fill(run.prompt));
  });
});
