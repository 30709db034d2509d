import { VideocapError } from '../core/errors.ts';
import { DecodedTimes, reportTimes } from './decoded-times.ts';
import { runFfmpeg, SIDE_OUTPUT } from './ffmpeg-command.ts';
import { type Picker, pickerFor, selectExpression, written } from './frame-picker.ts';
import { lostFrames, nearest } from './lost-frames.ts';
import { given, type ProbeOptions, VIDEO_STREAM, type VideoInfo } from './probe.ts';
import { scaleFilter } from './smart-resize.ts';
import type { Timeline } from './timeline.ts';

export interface AskedFrames {
  /** In seconds from the first frame; any order, any number of them. The frame on screen at each is returned. */
  times: readonly number[];
  /** Pixels. */
  width: number;
  height: number;
}

/** The share of frames that may be lost before the file is refused. */
const LOST_ALLOWED = 0.1;

/**
 * Frames as RGB, [times, height, width, 3], decoded in one pass. A frame that was lost is replaced by one beside it.
 * @throws VideocapError `InvalidVideo` when more than a tenth of the frames is lost, or one that is asked for together
 *   with those beside it; FfmpegFailure.
 */
export async function decodeFrames(
  path: string,
  info: Pick<VideoInfo, 'durationSeconds' | 'rotation' | 'timeline'>,
  { times, width, height }: AskedFrames,
  options: ProbeOptions,
): Promise<Buffer> {
  const { timeline, durationSeconds } = info;
  const picker = pickerFor(timeline, times);
  const decoded = new DecodedTimes();
  const frameBytes = width * height * 3;
  const select = `select='${selectExpression(picker, timeline)}'`;
  const { stdout } = await runFfmpeg({
    input: path,
    inputOptions: decoding(info),
    outputOptions: [
      ...['-map', VIDEO_STREAM, '-vf'],
      [reportTimes(SIDE_OUTPUT), select, scaleFilter(width, height), 'setsar=1', 'format=rgb24'].join(','),
      ...['-fps_mode', 'passthrough', '-max_error_rate', '1', '-threads', '1', '-f', 'rawvideo'],
    ],
    computeSeconds: 120 + 4 * durationSeconds,
    timeoutSeconds: 1200 + 10 * durationSeconds,
    maxOutputBytes: picker.moments.length * frameBytes,
    onSide: (piece) => decoded.add(piece),
    ...given(options),
  });
  const frames = written(picker, timeline, decoded.times);
  if (stdout.length !== frames.length * frameBytes)
    throw new VideocapError(
      'InvalidVideo',
      `ffmpeg decoded ${frames.length} of the frames asked for and wrote ${stdout.length / frameBytes}`,
    );
  const sources = sourcesOf(picker, timeline, decoded.times, frames);
  return Buffer.concat(sources.map((i) => stdout.subarray(i * frameBytes, (i + 1) * frameBytes)));
}

/**
 * With `explode` a picture that could only be guessed in part is not shown, and so counts as lost. A change of size
 * in the file must not start the filters anew: `scale` takes it as it comes. `transpose`, which turns, does not.
 */
function decoding({ rotation }: Pick<VideoInfo, 'rotation'>): string[] {
  return ['-err_detect:v', 'explode', ...(rotation === 0 ? ['-reinit_filter', '0'] : [])];
}

/** For each time asked for, which of the frames that ffmpeg wrote is shown. */
function sourcesOf(
  picker: Picker,
  timeline: Timeline,
  decoded: readonly number[],
  frames: readonly number[],
): number[] {
  const { begins, stated } = timeline;
  const lost = lostFrames(timeline, decoded);
  const share = lost.filter(Boolean).length / lost.length;
  if (share > LOST_ALLOWED) throw damaged(lost);
  const shift = stated ? 0 : begins[0]! - (decoded[0] ?? 0);
  const sourceOf = new Map(frames.map((index, i) => [nearest(begins, decoded[index]! + shift), i]));
  return picker.wanted.map((frame) => {
    const beside = [frame, frame + 1, frame - 1].find((near) => lost[near] === false && sourceOf.has(near));
    if (beside === undefined) throw damaged(lost, (begins[frame]! - begins[0]!) / 1e6);
    return sourceOf.get(beside)!;
  });
}

function damaged(lost: readonly boolean[], seconds?: number): VideocapError {
  const count = lost.filter(Boolean).length;
  const share = `${count} of ${lost.length} frames (${((100 * count) / lost.length).toFixed(1)} %)`;
  const where = seconds === undefined ? '' : `, among them the one to show at ${seconds.toFixed(2)} s,`;
  return new VideocapError('InvalidVideo', `${share}${where} could not be decoded, the file is damaged`);
}
