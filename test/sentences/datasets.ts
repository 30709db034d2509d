import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { readOwnData } from '../../datasets/own-data.ts';
import { FrameOptions } from '../../video/frame-options.ts';
import type { PinnedSentence } from './sentence.ts';

/** A data set whose training file holds these lines, in a folder of its own with a file that is no video. */
async function dataset(lines: string, more: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-data-'));
  const [train, heldOut] = [join(folder, 'train.jsonl'), join(folder, 'held-out.jsonl')];
  await writeFile(train, lines);
  await writeFile(heldOut, '');
  await writeFile(join(folder, 'text.mp4'), 'This is no video.\n'.repeat(100));
  await writeFile(join(folder, 'empty.mp4'), '');
  await readOwnData(
    { train: [train], heldOut, frames: FrameOptions.parse({}), maxBadSamples: 0, ...more },
    { store: new ArtifactStore(join(folder, 'store')) },
  );
}
const video = (name: string) => dataset(JSON.stringify({ video: name, caption: 'A dog runs.' }));
const NEEDS = [{ field: 'questions', component: 'qa' }];

/** What is wrong with a data set, a sample or a video. */
export const DATASET_SENTENCES: readonly PinnedSentence[] = [
  [
    'InvalidDataset: Dataset file /nowhere/train.jsonl does not exist; check the path in dataset.',
    () => dataset('', { train: ['/nowhere/train.jsonl'] }),
  ],
  [
    'InvalidDataset: Dataset file ~/train.jsonl has no usable sample; add lines such as {"video": "clip.mp4", ' +
      '"caption": "..."}.',
    () => dataset(''),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"caption" is missing. Fix or remove them, or raise dataset.maxBadSamples.',
    () => dataset('{"video": "a.mp4"}'),
  ],
  [
    'InvalidDataset: 2 samples cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: it ' +
      'is no object such as {"video": "clip.mp4", "caption": "..."}; ~/train.jsonl line 2: it is no object such ' +
      'as {"video": "clip.mp4", "caption": "..."}. Fix or remove them, or raise dataset.maxBadSamples.',
    () => dataset('[]\n[]'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"questions" is missing, which reward.qa needs; add it, let videocap annotate make it (--make questions), ' +
      'or leave reward.qa out. Fix or remove them, or raise dataset.maxBadSamples.',
    () => dataset('{"video": "a.mp4", "caption": "A dog runs."}', { needs: NEEDS }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/gone.mp4 does not exist or is no file; check the path. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('gone.mp4'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/empty.mp4 is empty (0 bytes); copy or download it again. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('empty.mp4'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/text.mp4 cannot be read: it is no video file but a list, a picture or a text; check that it ' +
      'plays, or convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p converted.mp4. Fix or remove them, ' +
      'or raise dataset.maxBadSamples.',
    () => video('text.mp4'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'video "http://host/a.mp4" is an address; download it and name the file. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('http://host/a.mp4'),
  ],
];
