import { expect, test } from 'vitest';
import type { Frames } from '../../../../../core/sample.ts';
import { pixelValues } from '../../../../../policy/onnx/model/video-processor.ts';

const settings = {
  patchSize: 14,
  mergeSize: 2,
  temporalPatchSize: 2,
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
};

/** Frames whose every byte tells its place. */
function frames(count: number, height: number, width: number): Frames {
  const data = Uint8Array.from({ length: count * height * width * 3 }, (_, i) => (i * 2654435761) >>> 24);
  return { shape: [count, height, width, 3], data };
}

/** The definition, index by index: the reshape and transpose of transformers' Qwen2VLVideoProcessor. */
function expected({ shape: [count, height, width], data }: Frames, t: number, patch: number, column: number): number {
  const columns = width / 14;
  const block = Math.floor(patch / 4);
  const row = Math.floor(block / (columns / 2)) * 2 + Math.floor((patch % 4) / 2);
  const col = (block % (columns / 2)) * 2 + (patch % 2);
  const x = column % 14;
  const y = Math.floor(column / 14) % 14;
  const frame = Math.min(2 * t + (Math.floor(column / 196) % 2), count - 1);
  const channel = Math.floor(column / 392);
  const byte = data[((frame * height + row * 14 + y) * width + col * 14 + x) * 3 + channel]!;
  return (byte / 255 - settings.imageMean[channel]!) / settings.imageStd[channel]!;
}

test.each([
  [4, 84, 84],
  [3, 56, 112],
  [1, 28, 28],
])('%i frames of %ix%i become pixel rows in the order of the processor', (count, height, width) => {
  const video = frames(count, height, width);
  const { grid, data } = pixelValues(video, settings);
  const patches = (height / 14) * (width / 14);
  expect(grid).toEqual({ slices: Math.ceil(count / 2), rows: height / 14, columns: width / 14 });
  expect(data.length).toBe(grid.slices * patches * 1176);
  for (let t = 0; t < grid.slices; t++)
    for (let patch = 0; patch < patches; patch++)
      for (const column of [0, 13, 14, 195, 196, 391, 392, 700, 1175]) {
        const value = data[(t * patches + patch) * 1176 + column];
        expect(value).toBeCloseTo(expected(video, t, patch, column), 5);
      }
});

test.each([
  ['grey', [2, 28, 28, 1], 'multiples of 28'],
  ['a side that is no multiple', [2, 28, 30, 3], 'set frames.factor to 28'],
  ['no frames', [0, 28, 28, 3], 'Frames of shape [0,28,28,3]'],
] as const)('refuses %s', (_, shape, message) => {
  expect(() => pixelValues({ shape: [...shape], data: new Uint8Array(0) }, settings)).toThrow(message);
});

test('refuses bytes that do not fit the shape', () => {
  expect(() => pixelValues({ shape: [2, 28, 28, 3], data: new Uint8Array(5) }, settings)).toThrow('come with 5 bytes');
});
