import { z } from 'zod';

export const FrameOptions = z.strictObject({
  /** Frames sampled uniformly in time; even, since the vision tower takes them in pairs. */
  count: z.int().min(2).max(768).multipleOf(2).default(8),
  /** Pixels of a frame after resizing; sides become multiples of `factor`, the aspect ratio is kept. */
  minPixels: z.int().min(784).default(7056),
  maxPixels: z.int().min(784).default(7056),
  factor: z.int().default(28),
});
export type FrameOptions = z.infer<typeof FrameOptions>;
