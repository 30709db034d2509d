import { VideocapError } from '../core/errors.ts';
import { shownPath } from './video-errors.ts';

/** The part of a video that a sample is about, in seconds from its first frame; absent bounds are the video's own. */
export interface Segment {
  start?: number | undefined;
  end?: number | undefined;
}

/** What a sample says about the time of its video. */
export interface Excerpt extends Segment {
  /** Of a folder of pictures: how many a second, or when each is seen, in seconds. */
  fps?: number | undefined;
  times?: readonly number[] | undefined;
}

/**
 * Both bounds of a segment. An `end` after the video's end is the video's end: data sets round their times.
 * @throws VideocapError `InvalidVideo` when nothing of the video is in the segment.
 */
export function boundsOf(
  { start = 0, end = Number.POSITIVE_INFINITY }: Segment,
  durationSeconds: number,
  path: string,
): [start: number, end: number] {
  if (end <= start)
    throw new VideocapError(
      'InvalidVideo',
      `The segment of video ${shownPath(path)} from ${start} s to ${end} s is empty; set an "end" after its "start".`,
    );
  if (start > 0 && start >= durationSeconds)
    throw new VideocapError(
      'InvalidVideo',
      `Video ${shownPath(path)} lasts ${durationSeconds.toFixed(2)} s, but its segment starts at ${start} s; correct ` +
        '"start" and "end", which are seconds from the first frame.',
    );
  return [start, Math.min(end, durationSeconds)];
}

/** A segment as a media fragment (W3C, `t=10,20`); empty for a whole video. */
export function fragmentOf({ start, end }: Segment): string {
  if (start === undefined && end === undefined) return '';
  return `#t=${start ?? ''}${end === undefined ? '' : `,${end}`}`;
}
