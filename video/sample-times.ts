import { frameCount, type TimedVideo } from './frame-count.ts';
import type { FrameOptions } from './frame-options.ts';
import { roundHalfEven } from './smart-resize.ts';

/** Of frame numbers that were computed from seconds. */
const TOLERANCE = 1e-6;
/** Of microseconds that were computed, in microseconds: a moment that should be whole may be a little more. */
const ROUNDING = 1e-7;

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
 * The moments by which the frames at `times` are chosen, in seconds. A middle is often the very moment at which a frame
 * begins, and both are rounded to the whole microseconds of ffmpeg's clock. So bounds are taken in whole microseconds,
 * and what begins less than a millionth of a segment after its middle is on screen there: as in all earlier releases,
 * so that videos of 24, 30 or 60 frames a second keep their frames. A moment is between two microseconds, so that it is
 * never the one at which a frame begins.
 */
export function chosenBy(
  times: readonly number[],
  { sampling }: Pick<Sampling, 'sampling'>,
  bounds: readonly [number, number],
): number[] {
  if (sampling === 'ends') return [...times];
  const [start, end] = bounds.map((bound) => Math.round(bound * 1e6)) as [number, number];
  const segment = (end - start) / times.length;
  return times.map((_, i) => (Math.ceil(start + (i + 0.5 + 1e-6) * segment - ROUNDING) - 0.5) / 1e6);
}
