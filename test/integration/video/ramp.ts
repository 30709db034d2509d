import { expect } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';

/** Luma of frame N is 16 + N: 8 s at 25 frames a second. */
export const RAMP = "color=black:s=64x64:r=25:d=8,format=yuv420p,geq=lum='16+N':cb=128:cr=128";

/** The numbers of the ramp's frames that a clip shows, give or take one for the rounding of colours. */
export function numbersIn(clip: Clip): number[] {
  return Array.from({ length: clip.shape[0] }, (_, i) => {
    const frame = frameOf(clip, i);
    return ((frame.reduce((sum, level) => sum + level, 0) / frame.length) * 219) / 255;
  });
}

export function expectFrames(clip: Clip, expected: readonly number[]) {
  const numbers = numbersIn(clip);
  for (const [i, number] of expected.entries())
    expect(Math.abs(numbers[i]! - number), `${numbers} are not ${expected}`).toBeLessThan(1);
}
