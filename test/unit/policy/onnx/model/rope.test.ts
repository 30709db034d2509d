import { expect, test } from 'vitest';
import { decoderTables, positionIds, videoTokens, visionTables } from '../../../../../policy/onnx/model/rope.ts';

test('text, video, text: text after the video starts one past the largest position (paper.md section 6.4)', () => {
  const positions = positionIds(2, { slices: 2, rows: 4, columns: 6 }, 3, 2);
  expect(positions.map((row) => [...row])).toEqual([
    [0, 1, ...[2, 2, 2, 2, 2, 2], ...[3, 3, 3, 3, 3, 3], 5, 6, 7],
    [0, 1, ...[2, 2, 2, 3, 3, 3], ...[2, 2, 2, 3, 3, 3], 5, 6, 7],
    [0, 1, ...[2, 3, 4, 2, 3, 4], ...[2, 3, 4, 2, 3, 4], 5, 6, 7],
  ]);
});

test('a long video pushes the text after it further than its width: [16,4,4] continues at 17', () => {
  const [time] = positionIds(1, { slices: 16, rows: 4, columns: 4 }, 1, 2);
  expect(time!.at(-1)).toBe(17);
  expect(time!.length).toBe(1 + videoTokens({ slices: 16, rows: 4, columns: 4 }, 2) + 1);
});

test('every frequency of the decoder turns with the position of its section', () => {
  const positions = [Int32Array.of(3), Int32Array.of(5), Int32Array.of(7)];
  const { cos, sin } = decoderTables(positions, { headDim: 8, theta: 10_000, sections: [1, 2, 1] });
  const angles = [3 * 1, 5 * 0.1, 5 * 0.01, 7 * 0.001];
  for (const [i, angle] of [...angles, ...angles].entries()) {
    expect(cos[i]).toBeCloseTo(Math.cos(angle), 6);
    expect(sin[i]).toBeCloseTo(Math.sin(angle), 6);
  }
});

test('vision tables follow the pixel rows, merge block by merge block; first half rows, second half columns', () => {
  const { cos, sin } = visionTables({ slices: 1, rows: 4, columns: 4 }, 8, 2);
  const place = [
    ...[0, 0, 0, 1, 1, 0, 1, 1],
    ...[0, 2, 0, 3, 1, 2, 1, 3],
    ...[2, 0, 2, 1, 3, 0, 3, 1],
    ...[2, 2, 2, 3, 3, 2, 3, 3],
  ];
  for (let patch = 0; patch < 16; patch++) {
    const [row, column] = [place[2 * patch]!, place[2 * patch + 1]!];
    const angles = [row, row * 0.01, column, column * 0.01];
    for (const [i, angle] of [...angles, ...angles].entries()) {
      expect(cos[patch * 8 + i]).toBeCloseTo(Math.cos(angle), 6);
      expect(sin[patch * 8 + i]).toBeCloseTo(Math.sin(angle), 6);
    }
  }
});
