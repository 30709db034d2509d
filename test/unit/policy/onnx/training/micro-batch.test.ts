import { expect, test } from 'vitest';
import { PolicyModel } from '../../../../../policy/onnx/model/model.ts';
import { microBatches, perToken, type ScoredClip, tokensOf } from '../../../../../policy/onnx/training/micro-batch.ts';
import { DEFAULT_PROMPT } from '../../../../../policy/prompt-config.ts';
import { refusal } from '../../../../refusal.ts';

const model = new PolicyModel('tiny', 1);
type Tokens = { tokenIds: number[]; sampleId: string };

/** A clip with completions of these lengths; the tokens of completion c of clip n are all `100 * n + c`. */
function clip(n: number, lengths: number[], [height, width] = [56, 56], prompt = DEFAULT_PROMPT): ScoredClip<Tokens> {
  return {
    prompt,
    frames: { shape: [2, height!, width!, 3], data: new Uint8Array(2 * height! * width! * 3).fill(n) },
    completions: lengths.map((length, c) => ({ tokenIds: Array(length).fill(100 * n + c), sampleId: `clip-${n}` })),
  };
}

const shapes = (clips: ScoredClip<Tokens>[]) => microBatches(model, clips).map(({ shape }) => shape);

test('clips with one grid are computed together, padded to the longest with the end token', () => {
  const [batch, ...rest] = microBatches(model, [clip(1, [1, 2]), clip(2, [3, 1])]);
  expect(rest).toEqual([]);
  expect(batch!.shape).toEqual([2, 2, 3]);
  const end = model.tokenizer.endToken;
  expect([...(batch!.feeds.completion_ids!.data as BigInt64Array)].map(Number)).toEqual(
    [
      [100, end, end],
      [101, 101, end],
      [200, 200, 200],
      [201, end, end],
    ].flat(),
  );
  expect(batch!.feeds.pixel_values!.dims).toEqual([2, 1, 16, 1176]);
  expect(batch!.feeds.cos!.dims).toEqual([model.promptLength(model.prompted(clip(1, []))) + 3, 32]);
});

test('prompts of one length are computed together, each with its own tokens; prompts of other lengths are not', () => {
  const asked = (...prompts: string[]) => prompts.map((prompt, n) => clip(n, [2, 2], [56, 56], prompt));
  const [batch, ...rest] = microBatches(model, asked('Describe the video.', 'Describe the circle.'));
  expect(rest).toEqual([]);
  const { suffix } = model.tokenizer.prompt('Describe the video.');
  const { suffix: other } = model.tokenizer.prompt('Describe the circle.');
  expect(suffix).not.toEqual(other);
  expect([...(batch!.feeds.suffix_ids!.data as BigInt64Array)].map(Number)).toEqual([...suffix, ...other]);
  const lengths = microBatches(model, asked('Describe the video.', 'Describe the whole video.', 'Describe the video.'));
  expect(lengths.map(({ shape }) => shape[0])).toEqual([2, 1]);
});

test('clips with different grids are not, nor are groups of different sizes', () => {
  expect(shapes([clip(1, [4, 4]), clip(2, [5, 5], [56, 112]), clip(3, [6, 6])])).toEqual([
    [2, 2, 6],
    [1, 2, 5],
  ]);
  expect(shapes([clip(1, [4, 4]), clip(2, [5])])).toEqual([
    [1, 2, 4],
    [1, 1, 5],
  ]);
});

test('no more than 1,024 positions at once: clips are spread, and a large group is taken apart', () => {
  const eight = Array(8).fill(112);
  expect(shapes([clip(1, eight), clip(2, eight)])).toEqual([
    [1, 8, 112],
    [1, 8, 112],
  ]);
  expect(shapes([clip(1, [700, 700, 300])])).toEqual([
    [1, 1, 700],
    [1, 1, 700],
    [1, 1, 300],
  ]);
  expect(shapes([clip(1, Array(10).fill(200))])).toEqual(
    [[2, 5, 200]].flatMap(([, g, l]) => [
      [1, g, l],
      [1, g, l],
    ]),
  );
  expect(shapes([clip(1, [5000])])).toEqual([[1, 1, 5000]]);
});

test('tokens are found where the graph has them, padding is 0', () => {
  const [batch] = microBatches(model, [clip(1, [1, 2]), clip(2, [3, 1])]);
  const values = perToken(batch!, ({ tokenIds }, t) => tokenIds[t]! + t / 10);
  expect(values.dims).toEqual([2, 2, 3]);
  expect([...(values.data as Float32Array)].map((x) => Math.round(x * 10) / 10)).toEqual(
    [
      [100, 0, 0],
      [101, 101.1, 0],
      [200, 200.1, 200.2],
      [201, 0, 0],
    ].flat(),
  );
  expect([...tokensOf(batch!)].map(({ index }) => index)).toEqual([0, 3, 4, 6, 7, 8, 9]);
});

test('no more than 4 million attention scores at once, which long prompts and texts reach first', () => {
  const long: [number, number] = [56 * 12, 56 * 12];
  const prompt = model.promptLength(model.prompted(clip(1, [], long)));
  const eight = Array(8).fill(128);
  expect(1024 * (prompt + 128)).toBeLessThan(2 ** 22);
  expect(shapes([clip(1, eight, long)])).toEqual([[1, 8, 128]]);
  expect(shapes(Array.from({ length: 12 }, (_, n) => clip(n, [40], long)))).toEqual([
    [10, 1, 40],
    [2, 1, 40],
  ]);
});

test('what takes more memory than there is is found before anything is computed, with its samples', () => {
  const clips = [clip(1, [30]), clip(2, [900])];
  expect(() => microBatches(model, clips, 2e8)).toThrow(
    refusal('InvalidInput', 'clip-2', 'GB', 900, 'dataset.maxReferenceTokens') as Error,
  );
  expect(microBatches(model, clips, 1e9).map(({ names }) => names)).toEqual(['sample clip-1', 'sample clip-2']);
  // A caption of 19,999 characters that the tokenizer knows no words of, and its end token, on a machine of 24 GB.
  expect(() => microBatches(model, [clip(1, [30]), clip(3, [20_000])], 24e9)).toThrow(
    refusal('InvalidInput', 'clip-3', 'GB', 20_000, 'dataset.maxReferenceTokens') as Error,
  );
});
