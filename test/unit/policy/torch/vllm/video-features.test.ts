import { decode, ExtensionCodec } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import { modelPath } from '../../../../../policy/model/model-path.ts';
import { pixelBytes } from '../../../../../policy/onnx/model/video-processor.ts';
import { patchesOf } from '../../../../../policy/torch/torch-model.ts';
import { type ShownVideo, videoFeatures } from '../../../../../policy/torch/vllm/video-features.ts';
import { noisyFrames } from '../../../../integration/policy/onnx/noisy-frames.ts';

/** What vLLM 0.32 reads a message to (`vllm/v1/serial_utils.py`: `_decode_mm_item`). */
type Item = Record<
  string,
  { data: [dtype: string, shape: number[], bytes: Uint8Array<ArrayBuffer>]; field: [string, object] }
>;

const codec = new ExtensionCodec();
codec.register({ type: 3, encode: () => null, decode: (data) => Uint8Array.from(data) });
const read = (text: string) => decode(Buffer.from(text, 'base64'), { extensionCodec: codec }) as Item;

const PAD = 9;
const patches = patchesOf(modelPath('tiny'));
/** Three slices of 4 x 6 patches: 6 tokens each. */
const frames = noisyFrames(1, [5, 56, 84]);
const slice = [PAD, PAD, PAD, PAD, PAD, PAD];
const video: ShownVideo = {
  ...{ family: 'qwen2_5_vl', frames, seconds: [0, 0.7, 1.4, 2.1, 2.8], videoToken: PAD, patches },
  expandedIds: [1, 2, ...slice, ...slice, ...slice, 3],
};

const floats = ([, , bytes]: Item[string]['data']) => new Float32Array(bytes.buffer);
const integers = ([, , bytes]: Item[string]['data']) => [...new BigInt64Array(bytes.buffer)].map(Number);

describe('a video of Qwen2.5-VL', () => {
  const features = videoFeatures(video);
  const item = read(features.kwargs_data.video![0]!);

  test('is one item, in the place of its tokens, with its rows of bytes', () => {
    expect(features.mm_placeholders).toEqual({ video: [{ offset: 2, length: 18 }] });
    expect(item.pixel_values_videos!.data.slice(0, 2)).toEqual(['uint8', [72, 1176]]);
    expect(item.pixel_values_videos!.data[2]).toEqual(pixelBytes(frames, patches).data);
    expect(integers(item.video_grid_thw!.data)).toEqual([3, 4, 6]);
    expect(item.pixel_values_videos!.field).toEqual([
      'flat',
      { slices: [[[0, 72, null]]], dim: 0, keep_on_cpu: false },
    ]);
  });

  test('has the seconds between its slices', () => {
    expect(item.second_per_grid_ts!.data[1]).toEqual([]);
    expect(floats(item.second_per_grid_ts!.data)[0]).toBe(Math.fround(1.4));
  });

  test('is known by its content, its times included', () => {
    const hashOf = (changed: Partial<ShownVideo>) => videoFeatures({ ...video, ...changed }).mm_hashes.video![0];
    expect(hashOf({})).toBe(features.mm_hashes.video![0]);
    expect(hashOf({ seconds: [0, 1, 2, 3, 4] })).not.toBe(hashOf({}));
    expect(hashOf({ frames: noisyFrames(2, [5, 56, 84]) })).not.toBe(hashOf({}));
  });
});

test('a video of Qwen3-VL is an item for each slice, between texts with their times', () => {
  const expandedIds = [1, 7, ...slice, 2, 8, ...slice, 3, 4, ...slice];
  const { mm_placeholders, kwargs_data, mm_hashes } = videoFeatures({ ...video, family: 'qwen3_vl', expandedIds });
  expect(mm_placeholders).toEqual({ image: [2, 10, 18].map((offset) => ({ offset, length: 6 })) });
  expect(new Set(mm_hashes.image).size).toBe(3);
  const items = kwargs_data.image!.map(read);
  const whole = pixelBytes(frames, patches).data;
  items.forEach((item, i) => {
    expect(integers(item.image_grid_thw!.data)).toEqual([1, 4, 6]);
    const own = whole.subarray((i * whole.length) / 3, ((i + 1) * whole.length) / 3);
    expect(item.pixel_values!.data[2]).toEqual(own);
    expect(Object.keys(item)).toEqual(['pixel_values', 'image_grid_thw']);
  });
});
