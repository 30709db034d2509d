import { VideocapError } from '../core/errors.ts';
import { DecodedTimes, reportTimes } from './decoded-times.ts';
import { runFfmpeg, SIDE_OUTPUT } from './ffmpeg-command.ts';
import { pickerFor, selectExpression, written } from './frame-picker.ts';
import { lostFrames } from './lost-frames.ts';
import { given, type ProbeOptions, VIDEO_STREAM, type VideoInfo } from './probe.ts';
import { hasIndex, type Part, planSeeks } from './seek-plan.ts';
import { scaleFilter } from './smart-resize.ts';
import { frameAt, nearest, type Timeline } from './timeline.ts';
import { renderingOf } from './tone-map.ts';

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
 * Frames as RGB, [times, height, width, 3]. A frame that was lost is replaced by one beside it. Of a long video only
 * the stretches between a key frame and what is asked for are decoded, where that gives the same pixels.
 * @throws VideocapError `InvalidVideo` when more than a tenth of the frames is lost, or one that is asked for together
 *   with those beside it; FfmpegFailure.
 */
export async function decodeFrames(
  path: string,
  info: VideoInfo,
  asked: AskedFrames,
  options: ProbeOptions,
): Promise<Buffer> {
  const whole = [{ timeline: info.timeline, seekSeconds: undefined, until: Number.POSITIVE_INFINITY }];
  const parts = planSeeks(info, asked.times);
  if (parts === undefined || !(await hasIndex(path))) return decodeParts(path, info, whole, asked, options);
  try {
    return await decodeParts(path, info, parts, asked, options);
  } catch (error) {
    // Known after the first frame of a stretch, before the rest of it is decoded.
    if (error instanceof MissedKeyFrame) return decodeParts(path, info, whole, asked, options);
    throw error;
  }
}

/** Decoding began elsewhere than at the key frame that was sought. */
class MissedKeyFrame extends Error {}

async function decodeParts(
  path: string,
  info: VideoInfo,
  parts: readonly Part[],
  { times, width, height }: AskedFrames,
  options: ProbeOptions,
): Promise<Buffer> {
  const { begins } = info.timeline;
  const wanted = times.map((time) => begins[frameAt(info.timeline, time)]!);
  const stretches = parts.map((part) => ({ ...part, picker: pickerFor(part.timeline, wanted.filter(within(part))) }));
  const report = new DecodedTimes(parts.length);
  const { pixelFormat, bytesPerPixel, render } = renderingOf(info.colours);
  const frameBytes = width * height * bytesPerPixel;
  const chains = stretches.map(({ picker, timeline, until }, i) => {
    const end = Number.isFinite(until) ? [`trim=end_pts=${until}`] : [];
    const select = `select='${selectExpression(picker, timeline)}'`;
    const shown = [scaleFilter(width, height), 'setsar=1', `format=${pixelFormat}`];
    return [reportTimes(SIDE_OUTPUT, i), ...end, select, ...shown].join(',');
  });
  const [first, ...others] = parts.map((part) => [...decoding(info), ...seeking(part)]);
  const { stdout } = await runFfmpeg({
    input: path,
    inputOptions: first!,
    openedAgain: others,
    outputOptions: [
      ...graph(chains),
      ...['-fps_mode', 'passthrough', '-max_error_rate', '1', '-threads', '1', '-f', 'rawvideo'],
    ],
    computeSeconds: 120 + 4 * info.durationSeconds,
    timeoutSeconds: 1200 + 10 * info.durationSeconds,
    maxOutputBytes: 2 * stretches.reduce((sum, { picker }) => sum + picker.moments.length, 0) * frameBytes,
    onSide: (piece) => {
      report.add(piece);
      for (const [i, part] of parts.entries()) checkStart(part, report.times[i]!);
    },
    ...given(options),
  });
  const all = stretches.map(({ timeline, picker }, i) => {
    const decoded = report.times[i]!;
    return { timeline, decoded, frames: written(picker, timeline, decoded) };
  });
  const expected = all.reduce((sum, { frames }) => sum + frames.length, 0);
  if (stdout.length !== expected * frameBytes)
    throw new VideocapError('InvalidVideo', `ffmpeg wrote ${stdout.length / frameBytes} frames of ${expected}`);
  const sources = sourcesOf(all, wanted, begins[0]!);
  return render(Buffer.concat(sources.map((i) => stdout.subarray(i * frameBytes, (i + 1) * frameBytes))));
}

const within =
  ({ timeline: { begins } }: Part) =>
  (begin: number) =>
    begin >= begins[0]! && begin <= begins.at(-1)!;

/**
 * With `explode` a picture that could only be guessed in part is not shown, and so counts as lost. A change of size
 * in the file must not start the filters anew: `scale` takes it as it comes. `transpose`, which turns, does not.
 */
function decoding({ rotation }: VideoInfo): string[] {
  return ['-err_detect:v', 'explode', ...(rotation === 0 ? ['-reinit_filter', '0'] : [])];
}

/** Times stay as they are in a file that is read from its beginning. */
function seeking({ seekSeconds, until }: Part): string[] {
  if (seekSeconds === undefined && !Number.isFinite(until)) return [];
  const seek = seekSeconds === undefined ? [] : ['-noaccurate_seek', '-ss', seekSeconds.toFixed(6)];
  return ['-copyts', '-start_at_zero', ...seek];
}

/** One output of all stretches, one after the other. */
function graph(chains: readonly string[]): string[] {
  if (chains.length === 1) return ['-map', VIDEO_STREAM, '-vf', chains[0]!];
  const stream = VIDEO_STREAM.slice(2);
  const all = chains.map((chain, i) => `[${i}:${stream}]${chain}[p${i}]`);
  const joined = `${chains.map((_, i) => `[p${i}]`).join('')}concat=n=${chains.length}[all]`;
  return ['-filter_complex', [...all, joined].join(';'), '-map', '[all]'];
}

/** @throws MissedKeyFrame */
function checkStart({ timeline: { begins }, seekSeconds }: Part, [time]: readonly number[]): void {
  if (seekSeconds === undefined || time === undefined) return;
  const tolerance = Math.max(1, (begins[1] ?? begins[0]! + 2) - begins[0]!) / 2;
  if (!(Math.abs(time - begins[0]!) < tolerance)) throw new MissedKeyFrame();
}

interface DecodedPart {
  timeline: Timeline;
  /** Times of its decoded frames, in microseconds. */
  decoded: readonly number[];
  /** Which of these ffmpeg wrote. */
  frames: readonly number[];
}

/** For each frame that is wanted, given by its beginning, which of the written ones is shown. */
function sourcesOf(parts: readonly DecodedPart[], wanted: readonly number[], origin: number): number[] {
  const lost = parts.map(({ timeline, decoded }) => lostFrames(timeline, decoded));
  const flat = lost.flat();
  if (flat.filter(Boolean).length > LOST_ALLOWED * flat.length) throw damaged(flat);
  let before = 0;
  const sources = parts.map(({ timeline: { begins, stated }, decoded, frames }) => {
    const shift = stated ? 0 : begins[0]! - (decoded.find((time) => !Number.isNaN(time)) ?? 0);
    const offset = before;
    before += frames.length;
    return new Map(frames.map((index, i) => [nearest(begins, decoded[index]! + shift), offset + i]));
  });
  return wanted.map((begin) => {
    const part = parts.findIndex(({ timeline: { begins } }) => begin >= begins[0]! && begin <= begins.at(-1)!);
    const frame = nearest(parts[part]!.timeline.begins, begin);
    const beside = [frame, frame + 1, frame - 1].find(
      (near) => lost[part]![near] === false && sources[part]!.has(near),
    );
    if (beside === undefined) throw damaged(flat, (begin - origin) / 1e6);
    return sources[part]!.get(beside)!;
  });
}

function damaged(lost: readonly boolean[], seconds?: number): VideocapError {
  const count = lost.filter(Boolean).length;
  const share = `${count} of ${lost.length} frames (${((100 * count) / lost.length).toFixed(1)} %)`;
  const where = seconds === undefined ? '' : `, among them the one to show at ${seconds.toFixed(2)} s,`;
  return new VideocapError('InvalidVideo', `${share}${where} could not be decoded, the file is damaged`);
}
