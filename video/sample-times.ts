import { frameCount, type TimedVideo } from './frame-count.ts';
import type { FrameOptions } from './frame-options.ts';
import { roundHalfEven } from './smart-resize.ts';

/** Of frame numbers that were computed from seconds. */
const TOLERANCE = 1e-6;

type Sampling = Pick<FrameOptions, 'count' | 'fps' | 'maxFrames' | 'sampling'>;

/**
 * When frames are looked at, in seconds from the first frame, in order. `bounds` are those of the segment that is
 * sampled, by default the whole video.
 *
 * - `middles`: the time is cut into equal segments, and each is seen at its middle. Uniform in time, not in frame
 *   numbers, so a variable frame rate does not matter.
 * - `ends`: the frames round(linspace(first, last, count)), as Tarsier (dataset/utils.py, `sample_frame_indices`) and
 *   Qwen2-VL take them, each seen at its middle. The first is the one on screen at the segment's start, the last the
 *   one at its end. A frame's number is counted by the mean frame rate.
 */
export function sampleTimes(
  video: TimedVideo,
  options: Sampling,
  [start, end]: readonly [number, number] = [0, video.durationSeconds],
): number[] {
  const { durationSeconds, frames } = video;
  const duration = end - start;
  const share = durationSeconds > 0 ? duration / durationSeconds : 1;
  const count = frameCount({ durationSeconds: duration, frames: Math.round(frames * share) }, options);
  if (options.sampling === 'middles')
    return Array.from({ length: count }, (_, i) => start + ((i + 0.5) * duration) / count);
  const interval = durationSeconds / frames;
  const frameAt = (time: number) => Math.min(frames - 1, interval > 0 ? Math.floor(time / interval + TOLERANCE) : 0);
  const [first, last] = [frameAt(start), frameAt(end)];
  return Array.from(
    { length: count },
    (_, i) => (first + roundHalfEven((i * (last - first)) / (count - 1)) + 0.5) * interval,
  );
}

/**
 * The filter that lets through, for `count` middles of the whole video, the frame that is on screen at that time: the
 * last one that has begun by then. Time is stretched so that a segment lasts one second, and shifted so that its middle
 * is a whole second: then `fps=1`, rounding up, does exactly this, and ends with the video.
 */
export function sampleFilter(durationSeconds: number, count: number): string {
  const microseconds = Math.max(1, Math.round(durationSeconds * 1e6));
  const stretched = `(PTS-STARTPTS)*${count * 1_000_000}/${microseconds}-500000`;
  return `settb=AVTB,setpts=${stretched},fps=fps=1:start_time=0:round=up`;
}

/**
 * The same for other times of `sampleTimes`. They are even, but that those of `ends` are rounded to the middles of
 * frames, which chooses no other frames: an even number of times never falls halfway between two.
 */
export function timesFilter(times: readonly number[]): string {
  const first = times[0]! * 1e6;
  const step = Math.max(1, (times.at(-1)! * 1e6 - first) / (times.length - 1));
  const stretched = `(PTS-STARTPTS-${first.toFixed(3)})*1000000/${step.toFixed(6)}`;
  return `settb=AVTB,setpts=${stretched},fps=fps=1:start_time=0:round=up`;
}
