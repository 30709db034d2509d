import { expect, test } from 'vitest';
import { sha256 } from '../../../core/sha256.ts';
import { clipIdentity } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';

const of = (raw: object) => FrameOptions.parse(raw);
const problems = (raw: object) =>
  FrameOptions.safeParse(raw).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

test('a number of frames or a rate, never both; eight frames where a config names neither', () => {
  expect(of({})).toEqual({ count: 8, sampling: 'middles', minPixels: 7056, maxPixels: 7056, factor: 28 });
  expect(of({ fps: 2 })).toMatchObject({ fps: 2, maxFrames: 768 });
  expect(of({ fps: 2 })).not.toHaveProperty('count');
  expect(of(of({ fps: 1.5, maxFrames: 32, sampling: 'ends' }))).toEqual(
    of({ fps: 1.5, maxFrames: 32, sampling: 'ends' }),
  );
  expect(problems({ count: 8, fps: 2 })).toEqual([expect.stringMatching(/^fps: leave out count or fps: /)]);
  expect(problems({ maxFrames: 16 })).toEqual([expect.stringMatching(/^maxFrames: set fps as well, or/)]);
  expect(problems({ fps: 0 })).toHaveLength(1);
  expect(problems({ fps: 2, maxFrames: 7 })).toHaveLength(1);
  expect(problems({ sampling: 'both' })).toHaveLength(1);
});

test('rates, ends and segments are part of a name only where they are used', () => {
  const hash = sha256('a video');
  const plain = ({ count, minPixels, maxPixels, factor }: FrameOptions) =>
    sha256(JSON.stringify([3, hash, count, minPixels, maxPixels, factor]));
  for (const raw of [{}, { count: 16 }, { count: 4, minPixels: 784, maxPixels: 100_352 }])
    expect(clipIdentity(hash, of(raw))).toBe(plain(of(raw)));
  expect(clipIdentity(hash, of({}), { start: 0, end: undefined })).toBe(plain(of({})));
});

test('everything that changes a clip changes its name', () => {
  const names = [
    clipIdentity('a', of({})),
    clipIdentity('b', of({})),
    clipIdentity('a', of({ fps: 2 })),
    clipIdentity('a', of({ fps: 3 })),
    clipIdentity('a', of({ fps: 2, maxFrames: 16 })),
    clipIdentity('a', of({ sampling: 'ends' })),
    clipIdentity('a', of({ fps: 2, sampling: 'ends' })),
    clipIdentity('a', of({}), { start: 1 }),
    clipIdentity('a', of({}), { end: 1 }),
    clipIdentity('a', of({}), { start: 1, end: 2 }),
    clipIdentity('a', of({}), { fps: 2 }),
    clipIdentity('a', of({}), { times: [0, 2] }),
    clipIdentity('a', of({}), { times: [0, 3] }),
  ];
  expect(new Set(names).size).toBe(names.length);
});
