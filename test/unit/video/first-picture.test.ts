import { expect, test } from 'vitest';
import { readFirstPicture } from '../../../video/first-picture.ts';

function box(name: string, ...content: Buffer[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0));
  header.write(name, 4, 'latin1');
  return Buffer.concat([header, ...content]);
}

function numbers(bytes: 2 | 4, ...values: number[]): Buffer {
  const buffer = Buffer.alloc(bytes * values.length);
  for (const [i, value] of values.entries()) buffer.writeUIntBE(value, bytes * i, bytes);
  return buffer;
}

interface Picture {
  width?: number;
  height?: number;
  /** Counter-clockwise. */
  degrees?: number;
  aspect?: [across: number, down: number];
  colours?: [primaries: number, transfer: number];
}

/** The head of a QuickTime file with one track. */
function head({ width = 160, height = 120, degrees = 0, aspect, colours }: Picture = {}): Buffer {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const track = Buffer.alloc(84);
  for (const [i, value] of [cos, -sin, 0, sin, cos, 0, 0, 0, 2 ** 14].entries())
    track.writeInt32BE(Math.round(value * 2 ** 16), 40 + 4 * i);
  const fixed = Buffer.alloc(78);
  fixed.writeUInt16BE(width, 24);
  fixed.writeUInt16BE(height, 26);
  const entry = box(
    'raw ',
    fixed,
    ...(aspect ? [box('pasp', numbers(4, ...aspect))] : []),
    ...(colours ? [box('colr', Buffer.from('nclc'), numbers(2, ...colours, 1))] : []),
  );
  const table = box('stsd', numbers(4, 0, 1), entry);
  const media = box('mdia', box('minf', box('stbl', table)));
  return Buffer.concat([box('ftyp', Buffer.from('qt  ')), box('moov', box('trak', box('tkhd', track), media))]);
}

test.each([
  [90, 90, 120, 160],
  [-90, -90, 120, 160],
  [-180, 180, 160, 120],
  [180, 180, 160, 120],
  [-89.6, -90, 120, 160],
  [89.2, 89, 160, 120],
  [30, 30, 160, 120],
  [0, 0, 160, 120],
])('turns %d degrees as ffmpeg does', (degrees, rotation, width, height) => {
  expect(readFirstPicture(head({ degrees }))).toMatchObject({ rotation, width, height });
});

test('makes pixels square, before it turns the picture', () => {
  expect(readFirstPicture(head({ aspect: [4, 3] }))).toMatchObject({ width: 213, height: 120 });
  expect(readFirstPicture(head({ aspect: [4, 3], degrees: 90 }))).toMatchObject({ width: 120, height: 213 });
  expect(readFirstPicture(head({ aspect: [0, 1] }))).toMatchObject({ width: 160, height: 120 });
  expect(readFirstPicture(head({ aspect: [1, 1000] }))).toMatchObject({ width: 1, height: 120 });
});

test('reads the colours, also behind the shape of pixels; without them nothing is known', () => {
  expect(readFirstPicture(head({ colours: [9, 16] })).colours).toEqual({ primaries: 9, transfer: 16 });
  expect(readFirstPicture(head({ aspect: [4, 3], colours: [12, 1] })).colours).toEqual({ primaries: 12, transfer: 1 });
  expect(readFirstPicture(head()).colours).toEqual({ primaries: 2, transfer: 2 });
});

test('refuses a head without a picture, cut anywhere', () => {
  const whole = head({ colours: [9, 16] });
  for (let length = 0; length < whole.length; length++)
    expect(() => readFirstPicture(whole.subarray(0, length))).toThrow('none of its pictures can be decoded');
  expect(() => readFirstPicture(head({ width: 0 }))).toThrow('none of its pictures can be decoded');
});
