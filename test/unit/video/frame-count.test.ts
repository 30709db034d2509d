import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameCount } from '../../../video/frame-count.ts';

/**
 * `[total_frames, video_fps, fps, max_frames, nframes]`, made by calling `smart_nframes` of qwen-vl-utils 0.0.14;
 * `null` where it raises.
 */
type Row = [total: number, rate: number, fps: number, most: number | null, frames: number | null];
const ROWS: Row[] = JSON.parse(readFileSync(new URL('smart-nframes.json', import.meta.url), 'utf8'));

test('is what smart_nframes says', () => {
  const differing = ROWS.filter(([total, rate, fps, most, expected]) => {
    const count = frameCount({ durationSeconds: total / rate, frames: total }, { fps, maxFrames: most ?? 768 });
    return count !== (expected ?? 2);
  });
  expect(ROWS).toHaveLength(340);
  expect(differing).toEqual([]);
});

test('is the same where the container counts in milliseconds', () => {
  expect(frameCount({ durationSeconds: 2.999, frames: 90 }, { fps: 2 })).toBe(6);
  expect(frameCount({ durationSeconds: 2.99, frames: 90 }, { fps: 2 })).toBe(4);
});

test('is even, within the bounds, and grows with the duration', () => {
  const duration = fc.double({ min: 0, max: 40_000, noNaN: true });
  const fps = fc.double({ min: 0.01, max: 240, noNaN: true });
  fc.assert(
    fc.property(duration, duration, fps, fc.integer({ min: 1, max: 384 }), (a, b, rate, pairs) => {
      const count = (seconds: number) =>
        frameCount({ durationSeconds: seconds, frames: 100_000 }, { fps: rate, maxFrames: pairs * 2 });
      expect(count(a) % 2).toBe(0);
      expect(count(a)).toBeGreaterThanOrEqual(Math.min(4, pairs * 2));
      expect(count(a)).toBeLessThanOrEqual(pairs * 2);
      expect(Math.sign(count(a) - count(b)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('is `count` where there is no rate', () => {
  expect(frameCount({ durationSeconds: 0.1, frames: 1 }, { count: 16 })).toBe(16);
});
