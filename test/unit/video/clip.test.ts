import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeClip, encodeClip, frameOf } from '../../../video/clip.ts';
import { contactSheet } from '../../../video/contact-sheet.ts';

const clips = fc
  .record({
    frames: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 5 }),
    height: fc.integer({ min: 1, max: 5 }),
  })
  .chain((size) => {
    const bytes = size.frames * size.width * size.height * 3;
    return fc.record({
      shape: fc.constant([size.frames, size.height, size.width, 3] as const),
      times: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)),
      durationSeconds: fc.constant(2.5),
      data: fc.uint8Array({ minLength: bytes, maxLength: bytes }),
    });
  });

test('comes back as it was stored', () => {
  fc.assert(
    fc.property(clips, (clip) => {
      const { data, ...rest } = decodeClip(encodeClip(clip));
      expect({ ...rest, data: new Uint8Array(data) }).toEqual(clip);
    }),
  );
});

const clip = {
  shape: [2, 1, 3, 3] as const,
  times: [0.5, 1.5],
  durationSeconds: 2,
  data: Uint8Array.from({ length: 18 }, (_, i) => i),
};

test('is stored as a little-endian length, a JSON header and raw RGB', () => {
  const bytes = encodeClip(clip);
  const length = Number(bytes.readBigUInt64LE());
  expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
    format: 'videocap-clip-1',
    shape: [2, 1, 3, 3],
    times: [0.5, 1.5],
    durationSeconds: 2,
  });
  expect([...bytes.subarray(8 + length)]).toEqual([...clip.data]);
});

test('gives one frame', () => {
  expect([...frameOf(clip, 1)]).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
});

test('refuses what is no clip, or not a whole one', () => {
  const bytes = encodeClip(clip);
  for (const broken of [Buffer.alloc(0), Buffer.from('no clip at all'), bytes.subarray(0, -1)])
    expect(() => decodeClip(broken)).toThrow(expect.objectContaining({ code: 'CorruptArtifact' }));
  expect(() => encodeClip({ ...clip, shape: [2, 1, 4, 3] })).toThrow('has 24 bytes, got 18');
});

test('a contact sheet shows all frames as PNG or JPEG', () => {
  const png = contactSheet(clip, { columns: 1, gap: 1, scale: 2 });
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([6, 5]);
  expect([...contactSheet(clip, { format: 'jpeg' }).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
});
