import { DEFAULT_COUNT, type FrameOptions, MOST_FRAMES } from './frame-options.ts';

/** What a number of frames depends on. */
export interface TimedVideo {
  /** From the first frame's beginning to the last one's end. */
  durationSeconds: number;
  frames: number;
}

/** Qwen2-VL's `FPS_MIN_FRAMES`, and `FRAME_FACTOR`: the vision tower takes frames in pairs. */
const FEWEST = 4;
const PAIR = 2;
/** Containers such as Matroska count in milliseconds, so a video of three seconds may be said to last 2.999. */
const ROUNDING_SECONDS = 0.0015;

/**
 * How many frames of a video are sampled: `count`; or by `fps` as many as Qwen2-VL's `smart_nframes` says
 * (qwen-vl-utils 0.0.14, vision_process.py). A video with a single frame, which that refuses, gives it twice.
 */
export function frameCount(
  { durationSeconds, frames }: TimedVideo,
  { count = DEFAULT_COUNT, fps, maxFrames = MOST_FRAMES }: Pick<FrameOptions, 'count' | 'fps' | 'maxFrames'>,
): number {
  if (fps === undefined) return count;
  const wanted = Math.max((durationSeconds + ROUNDING_SECONDS) * fps, FEWEST);
  const most = Math.min(maxFrames, Math.max(frames, PAIR));
  return Math.floor(Math.min(wanted, most) / PAIR) * PAIR;
}
