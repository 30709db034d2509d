import { z } from 'zod';

/** Frames of a video where a config names neither a number nor a rate. */
export const DEFAULT_COUNT = 8;
/** Qwen2-VL's `FPS_MAX_FRAMES`. */
export const MOST_FRAMES = 768;

export const FrameOptions = z
  .strictObject({
    /**
     * Frames sampled uniformly in time; even, since the vision tower takes them in pairs. 8 where neither `count` nor
     * `fps` is set.
     */
    count: z.int().min(2).max(MOST_FRAMES).multipleOf(2).optional(),
    /**
     * In place of `count`: frames sampled for each second, so that a longer video gets more of them. By Qwen2-VL's rule
     * (`smart_nframes`): at least 4, at most `maxFrames` and as many as the video has, rounded down to an even number.
     */
    fps: z.number().positive().max(240).optional(),
    /** Only with `fps`: the most frames of a video. 768 where it is not set. */
    maxFrames: z.int().min(2).max(MOST_FRAMES).multipleOf(2).optional(),
    /**
     * Where the frames lie: `middles` takes the middle of each of equal segments of the video, `ends` the first frame,
     * the last frame and equal steps between them, as Tarsier and Qwen2-VL do.
     */
    sampling: z.enum(['middles', 'ends']).default('middles'),
    /** The fewest pixels of a frame after resizing. The aspect ratio is kept. */
    minPixels: z.int().min(784).default(7056),
    /** The most pixels of a frame after resizing. */
    maxPixels: z.int().min(784).default(7056),
    /** Both sides of a frame become multiples of it: two patches of the vision tower. */
    factor: z.int().default(28),
  })
  .superRefine(({ count, fps, maxFrames }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (count !== undefined && fps !== undefined)
      refuse('fps', 'leave out count or fps: a fixed number of frames, or one that follows from the duration');
    if (maxFrames !== undefined && fps === undefined)
      refuse('maxFrames', 'set fps as well, or count alone: maxFrames bounds the number that follows from fps');
  })
  .overwrite(({ count, fps, maxFrames, ...rest }) =>
    fps === undefined
      ? { count: count ?? DEFAULT_COUNT, ...rest }
      : { fps, maxFrames: maxFrames ?? MOST_FRAMES, ...rest },
  );
export type FrameOptions = z.infer<typeof FrameOptions>;
