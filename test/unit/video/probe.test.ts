import { expect, test } from 'vitest';
import { readProbe } from '../../../video/probe.ts';

const table = (header: Record<string, string>, packets: readonly [pts: number, duration: number][]) =>
  [
    ...Object.entries(header).map(([name, value]) => `#${name} 0: ${value}`),
    ...packets.map(
      ([pts, duration], i) => `0, ${String(i - 2).padStart(10)}, ${pts}, ${duration}, 300, 0x15e48e08, F=0x0`,
    ),
  ].join('\n');
const usual = { tb: '1/1000', media_type: 'video', codec_id: 'h264', dimensions: '160x120', sar: '1/1' };

test('measures from the first frame to the end of the last one, whatever the order of packets', () => {
  const info = readProbe(
    table(usual, [
      [500, 100],
      [900, 250],
      [700, 100],
    ]),
    '',
  );
  expect(info).toEqual({
    durationSeconds: 0.65,
    width: 160,
    height: 120,
    rotation: 0,
    frames: 3,
    framesPerSecond: 3 / 0.65,
    codec: 'h264',
  });
});

test('lets the last frame last as long as the others where the container does not say', () => {
  const packets = [0, 100, 200].map((pts): [number, number] => [pts, 0]);
  expect(readProbe(table(usual, packets), '').durationSeconds).toBeCloseTo(0.3);
});

test('knows a single frame', () => {
  expect(readProbe(table(usual, [[0, 0]]), '')).toMatchObject({ frames: 1, durationSeconds: 0, framesPerSecond: 0 });
});

const log = (first: string, second: string) => `Input #0, mov,mp4, from 'a.mp4':
  Stream #0:0[0x1](und): Video: mjpeg, 600x600 (attached pic)
${first}
  Stream #0:1[0x2](und): Video: h264 (High), 160x120
    Side data:
${second}
Stream mapping:
  Stream #0:1 -> #0:0 (copy)
Output #0, framecrc, to 'pipe:':
  Stream #0:0(und): Video: h264
    Side data:
      displaymatrix: rotation of 45.00 degrees
`;

test.each([
  ['      Display Matrix: rotation of 90.00 degrees', 90, 120, 160],
  ['      displaymatrix: rotation of -90.00 degrees', -90, 120, 160],
  ['      displaymatrix: rotation of -180.00 degrees', 180, 160, 120],
  ['', 0, 160, 120],
])('turns %j as players do', (line, rotation, width, height) => {
  const other = '      displaymatrix: rotation of 90.00 degrees';
  const picture = { rotation, width, height };
  expect(readProbe(table(usual, [[0, 1]]), log('', line))).toMatchObject(picture);
  expect(readProbe(table(usual, [[0, 1]]), log(other, line))).toMatchObject(picture);
});

test('makes pixels square, before it turns the picture', () => {
  const wide = { ...usual, sar: '4/3' };
  expect(readProbe(table(wide, [[0, 1]]), '')).toMatchObject({ width: 213, height: 120 });
  const turned = log('', '      displaymatrix: rotation of 90.00 degrees');
  expect(readProbe(table(wide, [[0, 1]]), turned)).toMatchObject({ width: 120, height: 213 });
  expect(readProbe(table({ ...usual, sar: '0/1' }, [[0, 1]]), '')).toMatchObject({ width: 160, height: 120 });
});

test('refuses a table without frames', () => {
  expect(() => readProbe(table(usual, []), '')).toThrow('no video frames');
});
