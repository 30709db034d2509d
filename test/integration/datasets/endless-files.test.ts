import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAnnotationActivities } from '../../../activities/annotation.ts';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import { readAnnotationFile } from '../../../benchmarks/annotation-file.ts';
import { dream1k } from '../../../benchmarks/dream1k/dream1k.ts';
import { readPredictions } from '../../../benchmarks/suites/read-predictions.ts';
import type { Suite } from '../../../benchmarks/suites/suite.ts';
import { readAllowed } from '../../../configs/allowed.ts';
import { loadConfig } from '../../../configs/load-config.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { openClip } from '../../../video/open-clip.ts';
import { refusal } from '../../refusal.ts';

/** Paths that give no file, or one that never ends: each is refused at once, wherever a path is taken. */
let folder: string;
let store: ArtifactStore;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-endless-'));
  store = new ArtifactStore(at('store'));
  execFileSync('mkfifo', [at('pipe.jsonl'), at('pipe.mp4'), at('config.yaml')]);
  await mkdir(at('folder.jsonl'));
  await writeFile(at('good.jsonl'), '{"video": "a.mp4", "caption": "A dog runs."}\n');
  await writeFile(at('huge.jsonl'), '');
  await truncate(at('huge.jsonl'), 2 ** 42);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let runs = 0;
function prepare(dataset: { train: string; heldOut: string }) {
  const { prepareDataset } = createDatasetActivities({ store });
  return prepareDataset({ runKey: `run-${++runs}`, dataset: { kind: 'jsonl', maxBadSamples: 0, ...dataset } });
}

describe.each([
  ['pipe.jsonl', 'is a pipe, not a file'],
  ['folder.jsonl', 'is a folder, not a file'],
  ['/dev/zero', 'is a device, not a file'],
  ['huge.jsonl', 2 ** 42],
])('%s', (name, fault) => {
  const path = () => (name.startsWith('/') ? name : at(name));

  test('as a data set', async () => {
    await expect(prepare({ train: path(), heldOut: at('good.jsonl') })).rejects.toEqual(
      refusal('InvalidDataset', path(), fault),
    );
    await expect(prepare({ train: at('good.jsonl'), heldOut: path() })).rejects.toEqual(
      refusal('InvalidDataset', path(), fault),
    );
  });

  test('as what is annotated', async () => {
    const { readCaptions } = createAnnotationActivities({ store });
    const input = { runKey: `run-${++runs}`, dataset: path(), output: at('out.jsonl'), make: ['thought' as const] };
    await expect(readCaptions(input)).rejects.toEqual(refusal('InvalidDataset', path(), fault));
  });

  test("as a benchmark's file", async () => {
    await expect(readAnnotationFile(path(), 'DREAM-1K file')).rejects.toEqual(refusal('InvalidDataset', path(), fault));
  });
});

test('as predictions, and in a folder of them', async () => {
  const read = (path: string) => readPredictions(path, dream1k as Suite, []);
  await expect(read(at('pipe.jsonl'))).rejects.toEqual(refusal('InvalidDataset', at('pipe.jsonl'), 'pipe'));
  await mkdir(at('predictions'));
  execFileSync('mkfifo', [at('predictions/some.jsonl')]);
  await expect(read(at('predictions'))).rejects.toEqual(refusal('InvalidDataset', at('predictions/some'), 'pipe'));
});

test('as a config, and as what the owner allows', async () => {
  await expect(loadConfig(at('config.yaml'))).rejects.toEqual(refusal('InvalidConfig', at('config.yaml'), 'pipe'));
  execFileSync('mkfifo', [at('allowed.yaml')]);
  await expect(readAllowed(folder)).rejects.toEqual(refusal('InvalidConfig', at('allowed.yaml'), 'pipe'));
});

test('as the data set of a config that a command reads', async () => {
  await writeFile(at('own.yaml'), 'dataset: {kind: jsonl, train: pipe.jsonl, heldOut: /dev/zero}\n');
  expect(await loadConfig(at('own.yaml'))).toMatchObject({ dataset: { train: at('pipe.jsonl') } });
});

test('as a video, alone and in a data set', async () => {
  for (const path of [at('pipe.mp4'), '/dev/zero'])
    await expect(openClip(path, FrameOptions.parse({}))).rejects.toEqual(refusal('InvalidVideo', path));
  await writeFile(at('videos.jsonl'), '{"video": "pipe.mp4", "caption": "A dog runs."}\n');
  await expect(prepare({ train: at('videos.jsonl'), heldOut: at('good.jsonl') })).rejects.toEqual(
    refusal('InvalidDataset', at('videos.jsonl'), at('pipe.mp4')),
  );
});

test('reading ends when the run is terminated', async () => {
  const line = `${JSON.stringify({ video: 'a.mp4', caption: 'A dog runs.' })}\n`;
  await writeFile(at('long.jsonl'), line.repeat(200_000));
  const stopped = new AbortController();
  const reason = new Error('The run was terminated.');
  let lines = 0;
  const reading = (async () => {
    for await (const _ of readJsonl(at('long.jsonl'), stopped.signal)) if (++lines === 10) stopped.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
  expect(lines).toBeLessThan(5000);
  const { prepareDataset } = createDatasetActivities({ store, signal: () => stopped.signal });
  const dataset = { kind: 'jsonl' as const, train: at('long.jsonl'), heldOut: at('good.jsonl'), maxBadSamples: 0 };
  await expect(prepareDataset({ runKey: 'terminated', dataset })).rejects.toBe(reason);
});
