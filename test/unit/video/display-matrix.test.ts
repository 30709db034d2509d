import { expect, test } from 'vitest';
import { displayRotation } from '../../../video/display-matrix.ts';

function box(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(content.length + 8);
  header.write(name, 4, 'latin1');
  return Buffer.concat([header, content]);
}

/** A QuickTime file with nothing but a track that is turned, counter-clockwise. */
function turned(degrees: number, version = 0, flip = 1): Buffer {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const matrix = [cos * flip, -sin * flip, 0, sin, cos, 0, 0, 0, 2 ** 14];
  const header = Buffer.alloc(version === 0 ? 84 : 96);
  header[0] = version;
  for (const [i, value] of matrix.entries())
    header.writeInt32BE(Math.round(value * 2 ** 16), (version === 0 ? 40 : 52) + 4 * i);
  return Buffer.concat([box('ftyp', Buffer.from('qt  ')), box('moov', box('trak', box('tkhd', header)))]);
}

test.each([0, 90, -90, 180, 45, 30.5])('reads a turn by %d degrees', (degrees) => {
  expect(displayRotation(turned(degrees))).toBeCloseTo(degrees, 2);
  expect(displayRotation(turned(degrees, 1))).toBeCloseTo(degrees, 2);
});

test('takes what has no matrix as upright', () => {
  const file = turned(90);
  expect(displayRotation(Buffer.alloc(0))).toBe(0);
  for (let length = 0; length < file.length - 60; length++) expect(displayRotation(file.subarray(0, length))).toBe(0);
  expect(displayRotation(Buffer.from('Side data: displaymatrix: rotation of 90.00 degrees'))).toBe(0);
});
