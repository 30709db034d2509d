import { z } from 'zod';

export const FrameOptions = z.strictObject({
  /** Frames sampled uniformly in time; even, since the vision tower takes them in pairs. */
  count: z.int().min(2).max(768).multipleOf(2).default(8),
  /** The fewest pixels of a frame after resizing. The aspect ratio is kept. */
  minPixels: z.int().min(784).default(7056),
  /** The most pixels of a frame after resizing. */
  maxPixels: z.int().min(784).default(7056),
  /** Both sides of a frame become multiples of it: two patches of the vision tower. */
  factor: z.int().default(28),
});
export type FrameOptions = z.infer<typeof FrameOptions>;
