import { seedAt } from '../../../../core/random.ts';
import type { Frames } from '../../../../core/sample.ts';

/** Frames that no two seeds share: coarse blocks of colour, so that neighbouring patches differ. */
export function noisyFrames(seed: number, [frames, height, width]: readonly [number, number, number]): Frames {
  const data = new Uint8Array(frames * height * width * 3);
  for (let i = 0; i < data.length; i++) {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width) % height;
    const frame = Math.floor(i / 3 / width / height);
    data[i] = seedAtBlock(seed, frame, y >> 3, x >> 3, i % 3);
  }
  return { shape: [frames, height, width, 3], data };
}

const blocks = new Map<string, number>();

function seedAtBlock(...place: number[]): number {
  const key = place.join();
  const known = blocks.get(key);
  if (known !== undefined) return known;
  const value = seedAt(1, place) & 255;
  blocks.set(key, value);
  return value;
}
