import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dream1k } from '../../benchmarks/dream1k/dream1k.ts';
import { readPredictions } from '../../benchmarks/suites/read-predictions.ts';
import type { Suite } from '../../benchmarks/suites/suite.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { checkVideo } from '../../datasets/check-video.ts';
import { readOwnData } from '../../datasets/own-data.ts';
import { requireContext, type TokenLimits } from '../../datasets/token-limits.ts';
import { FrameOptions } from '../../video/frame-options.ts';
import { pictureTimes } from '../../video/pictures.ts';
import { boundsOf } from '../../video/segment.ts';
import type { PinnedSentence } from './sentence.ts';

/** A QuickTime file whose pictures are announced and not there, and one that is nothing but sound. */
const CUT = Buffer.concat([Buffer.from('\0\0\0\x10ftypqt  \0\0\0\0\0\x10\0\0mdat', 'latin1'), Buffer.alloc(100)]);
const SOUND = Buffer.concat([
  Buffer.from(
    'RIFF\xcc\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\xa8\0\0\0',
    'latin1',
  ),
  Buffer.alloc(168, 128),
]);

const SEGMENT = Buffer.concat([
  Buffer.from('\0\0\0\x10stypmsdh\0\0\0\0\0\0\0\x08moof\0\0\0\x10mdat', 'latin1'),
  Buffer.alloc(8),
]);

/** A data set whose training file holds these lines, in a folder of its own with files that are no videos. */
async function dataset(lines: string, more: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-data-'));
  const [train, heldOut] = [join(folder, 'train.jsonl'), join(folder, 'held-out.jsonl')];
  await writeFile(train, lines);
  await writeFile(heldOut, '');
  await writeFile(join(folder, 'text.mp4'), 'This is no video.\n'.repeat(100));
  await writeFile(join(folder, 'empty.mp4'), '');
  await writeFile(join(folder, 'cut.mov'), CUT);
  await writeFile(join(folder, 'segment.m4s'), SEGMENT);
  await writeFile(join(folder, 'lfs.mp4'), 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n');
  await writeFile(join(folder, 'zip.mp4'), Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]));
  await writeFile(join(folder, 'zeros.mp4'), Buffer.alloc(5000));
  await writeFile(join(folder, 'sound.wav'), SOUND);
  await mkdir(join(folder, 'frames'));
  await readOwnData(
    { train: [train], heldOut, frames: FrameOptions.parse({}), maxBadSamples: 0, ...more },
    { store: new ArtifactStore(join(folder, 'store')) },
  );
}

/** A clip that the project's examples name, in the project's folder. */
async function exampleClip(name: string) {
  const data = join('configs', 'examples', 'own-data.jsonl');
  const store = new ArtifactStore(join(await mkdtemp(join(tmpdir(), 'videocap-example-')), 'store'));
  const video = { video: `big-buck-bunny/${name}` };
  await checkVideo(video, data, FrameOptions.parse({}), { store, signal: undefined }).catch((error: Error) => {
    error.message = error.message.replace(`${process.cwd()}/`, '');
    throw error;
  });
}

/** Predictions for DREAM-1K, in a file of this name. */
async function predictions(name: string, text: string) {
  const path = join(await mkdtemp(join(tmpdir(), 'videocap-predictions-')), name);
  await writeFile(path, text);
  await readPredictions(path, dream1k as Suite, []);
}
const video = (name: string, more: object = {}) =>
  dataset(JSON.stringify({ video: name, caption: 'A dog runs.', ...more }));
const row = (fields: object) => dataset(JSON.stringify(fields));
const ASKED = { role: 'user', content: '<video>What happens?' };
const ANSWERED = { role: 'assistant', content: 'A dog runs.' };
/** A model for which every character is a token. */
const lettersIn = (context: number): TokenLimits => ({
  lengths: { context, prompt: (text) => text.length, completion: (text) => text.length },
  prompts: ['Describe the video.'],
  reference: ({ caption }) => caption,
  maxReferenceTokens: 20,
  completions: { heldOut: { field: 'benchmark.maxNewTokens', tokens: 128 } },
});
const NEEDS = [{ field: 'questions', component: 'qa' }];

/** What is wrong with a data set, a sample or a video. */
export const DATASET_SENTENCES: readonly PinnedSentence[] = [
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: its ' +
      'reference has 26 tokens, more than dataset.maxReferenceTokens (20); shorten it or raise the limit. Fix or ' +
      'remove them, or raise dataset.maxBadSamples.',
    () => dataset('{"video": "a.mp4", "caption": "A dog runs and then rests."}', { limits: lettersIn(200) }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: its prompt ' +
      '(19 tokens) and its reference (11) are more than the 25 tokens that the model was made for. Fix or remove ' +
      'them, or raise dataset.maxBadSamples.',
    () => dataset('{"video": "a.mp4", "caption": "A dog runs."}', { limits: lettersIn(25) }),
  ],
  [
    "InvalidConfig: benchmark.maxNewTokens: 128 tokens and the prompt's 19 are more than the 140 that the model was " +
      "made for (max_position_embeddings); set at most 121, less the video's tokens, or shorten prompt.texts.",
    () => requireContext(lettersIn(140)),
  ],
  [
    'InvalidDataset: Dataset file /nowhere/train.jsonl does not exist; check the path in dataset.',
    () => dataset('', { train: ['/nowhere/train.jsonl'] }),
  ],
  [
    'InvalidDataset: Dataset file /dev/zero is a device, not a file; name a file of samples in dataset, of at most ' +
      '4294967296 bytes.',
    () => dataset('', { train: ['/dev/zero'] }),
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
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/cut.mov cannot be read: it is cut short, the end of the file is missing; check that it plays, or ' +
      'convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p converted.mp4. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('cut.mov'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/segment.m4s is a segment of a stream, whose header is in another file, mostly init.mp4; join them: ' +
      'cat init.mp4 <segments> > whole.mp4. Fix or remove them, or raise dataset.maxBadSamples.',
    () => video('segment.m4s'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/lfs.mp4 only points at a file in Git LFS; run `git lfs pull` in its folder. Fix or remove them, or ' +
      'raise dataset.maxBadSamples.',
    () => video('lfs.mp4'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/zip.mp4 is an archive; unpack it, and name the video that was in it. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('zip.mp4'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/zeros.mp4 begins with nothing but zeros, so its download was not finished; download it again. Fix or ' +
      'remove them, or raise dataset.maxBadSamples.',
    () => video('zeros.mp4'),
  ],
  [
    'InvalidVideo: Video configs/examples/big-buck-bunny/none.mp4 does not exist; run `npm run example:film` first, ' +
      'which makes the clips of the examples.',
    () => exampleClip('none.mp4'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Video ~/sound.wav cannot be read: its container is none of those that are read here, which hold a whole ' +
      'video themselves; check that it plays, or convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p ' +
      'converted.mp4. Fix or remove them, or raise dataset.maxBadSamples.',
    () => video('sound.wav'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'Folder ~/frames has no pictures; name a folder with png, jpg or webp files, or a video file. Fix or ' +
      'remove them, or raise dataset.maxBadSamples.',
    () => video('frames'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"fps" states when the pictures of a folder are seen, but video ~/text.mp4 is no folder; leave it out. To ' +
      'sample a number of frames a second, set frames.fps in the config. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('text.mp4', { fps: 2 }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"end" is 2; set a number above "start", which is 4. Fix or remove them, or raise dataset.maxBadSamples.',
    () => video('text.mp4', { start: 4, end: 2 }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"fps" is 2; leave out "fps" or "times": each says when pictures are seen. Fix or remove them, or raise ' +
      'dataset.maxBadSamples.',
    () => video('frames', { fps: 2, times: [0, 1] }),
  ],
  [
    'InvalidVideo: The segment of video a.mp4 from 2 s to 2 s is empty; set an "end" after its "start".',
    () => boundsOf({ start: 2, end: 2 }, 4, 'a.mp4'),
  ],
  [
    'InvalidVideo: Video a.mp4 lasts 4.75 s, but its segment starts at 4.75 s; correct "start" and "end", ' +
      'which are seconds from the first frame.',
    () => boundsOf({ start: 4.75, end: 9 }, 4.75, 'a.mp4'),
  ],
  [
    'InvalidVideo: "times" has 2 entries, but folder frames has 3 pictures; give each a time.',
    () => pictureTimes('frames', 3, { times: [0, 1] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl entry 1: the ' +
      'list has no end; the file is cut short. Fix or remove them, or raise dataset.maxBadSamples.',
    () => dataset('[{"video": 1, "caption": "A dog runs."}'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: it ' +
      'names no video; add "videos": ["clip.mp4"]. Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ messages: [ASKED, ANSWERED] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"messages" has no answer of the assistant, which is the caption; add it, or "caption". Fix or remove ' +
      'them, or raise dataset.maxBadSamples.',
    () => row({ messages: [ASKED], videos: ['a.mp4'] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"messages" has 2 turns of the user; a sample has one question and one answer: write a sample for each. ' +
      'Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ messages: [ASKED, ANSWERED, ASKED], videos: ['a.mp4'] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: it ' +
      'names 2 videos; a sample has one video: write a sample for each, or put the pictures of one video into a ' +
      'folder and name the folder. Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ messages: [ASKED, ANSWERED], videos: ['a.mp4', 'b.mp4'] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: it ' +
      'names one video by a list of 2 files, ["a.jpg","b.jpg"]; put its frames into a folder, with names in their ' +
      'order, and name the folder as the video. Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ messages: [ASKED, ANSWERED], videos: [['a.jpg', 'b.jpg']] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"messages.0.content.0" is of "audio"; a sample has parts of text, video, image, video_url, image_url alone. ' +
      'Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ messages: [{ role: 'user', content: [{ type: 'audio', url: 'a.wav' }] }, ANSWERED] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"messages.0.content.0" is of "text" and has "video"; name one kind of content in both. Fix or remove them, ' +
      'or raise dataset.maxBadSamples.',
    () => row({ messages: [{ role: 'user', content: [{ type: 'text', video: 'a.mp4' }] }, ANSWERED] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: "caption" ' +
      'is "\u200B"; write a text that can be seen. Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ video: 'a.mp4', caption: '\u200B' }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl entry 2: nothing ' +
      'stands before a comma of the list; remove the comma, or write the sample that is missing. Fix or remove ' +
      'them, or raise dataset.maxBadSamples.',
    () => dataset('[{"video": "a.mp4", "caption": "A dog runs."},,{"video": "a.mp4", "caption": "A dog runs."}]'),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      '"messages" is empty, and the assistant\'s answer is the caption; add it, or "caption". Fix or remove ' +
      'them, or raise dataset.maxBadSamples.',
    () => row({ messages: [], videos: ['a.mp4'] }),
  ],
  [
    'InvalidDataset: 1 sample cannot be used, more than dataset.maxBadSamples (0): ~/train.jsonl line 1: ' +
      'unknown "vidoes", did you mean "videos"? (allowed: id, video, caption, thought, events, questions, ' +
      'keyPoints, prompt, start, end, fps, times). Fix or remove them, or raise dataset.maxBadSamples.',
    () => row({ messages: [ASKED, ANSWERED], vidoes: ['a.mp4'], video: 'a.mp4' }),
  ],
  [
    'InvalidDataset: Predictions file ~/p.jsonl line 1 has "caption" and "pred" with different texts; leave only the ' +
      'prediction, as "caption".',
    () => predictions('p.jsonl', '{"id": 1, "caption": "A cat.", "pred": "A dog."}'),
  ],
  [
    'InvalidDataset: Predictions file ~/p.jsonl line 1 is no caption, and no JSON; write lines such as {"id": "1", ' +
      '"caption": "A man walks."}, with the ids of the suite\'s clips.',
    () => predictions('p.jsonl', '{"id": 1, "capt'),
  ],
  [
    'InvalidDataset: Predictions file ~/p.jsonl line 1 is of a log of lmms-eval, and neither the log nor the name of ' +
      'its file tells a task of DREAM-1K (AutoDQ); name the file as lmms-eval does, <time>_samples_<task>.jsonl, or ' +
      'write lines such as {"id": "1", "caption": "A man walks."}.',
    () => predictions('p.jsonl', '{"doc_id": 1, "doc": {"id": 1}, "resps": [["yes"]]}'),
  ],
  [
    'InvalidDataset: ~/1_samples_msvd.jsonl has only logs of other tasks than those of DREAM-1K (AutoDQ); give the ' +
      'log of its task, or write lines such as {"id": "1", "caption": "A man walks."}.',
    () => predictions('1_samples_msvd.jsonl', '{"doc_id": 1, "doc": {"id": 1}, "resps": [["yes"]]}'),
  ],
];
