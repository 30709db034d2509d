import { describe, expect, test } from 'vitest';
import { differences } from '../../../video/damage.ts';
import { lostFrames } from '../../../video/lost-frames.ts';
import type { Timeline } from '../../../video/timeline.ts';

const begins = Array.from({ length: 20 }, (_, i) => 40_000 * i);
const video: Timeline = {
  begins,
  steps: begins.map((begin, i) => ({ begin, key: i % 10 === 0, hidden: false })),
  durationSeconds: 0.8,
  stated: true,
  blind: false,
  corrupt: true,
};
const pictures = (of: (frame: number) => string | undefined) =>
  begins.flatMap((time, i) => {
    const checksum = of(i);
    return checksum === undefined ? [] : [{ time, checksum }];
  });
const lostOf = (careful: (frame: number) => string | undefined, lenient: (frame: number) => string | undefined) =>
  lostFrames(video, { times: begins, ...differences(pictures(careful), pictures(lenient), true) }).flatMap((lost, i) =>
    lost ? [i] : [],
  );

describe('lost is', () => {
  test('nothing where both decoders agree', () => expect(lostOf(String, String)).toEqual([]));

  test('a damaged picture that one of them leaves out, and what depends on it, until they agree again', () =>
    expect(
      lostOf(
        (i) => (i === 4 ? undefined : i === 5 ? 'without' : String(i)),
        (i) => (i === 4 ? 'hurt' : i === 5 ? 'with' : String(i)),
      ),
    ).toEqual([4, 5]));

  test('everything up to the next key frame behind a picture of which nothing is left', () => {
    const without = (i: number) => (i === 4 ? undefined : String(i));
    expect(lostOf(without, without)).toEqual([4, 5, 6, 7, 8, 9]);
  });
});

test('without stated times, pictures are compared in whatever place they are', () => {
  const late = pictures(String).map(({ time, checksum }) => ({ time: time + 40_000, checksum }));
  expect([...differences(pictures(String), late, false).damaged!]).toEqual([]);
});
