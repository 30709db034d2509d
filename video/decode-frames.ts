import { VideocapError } from '../core/errors.ts';
import { onWhite } from './alpha.ts';
import { damageIn } from './damage.ts';
import { DecodedTimes, reportTimes } from './decoded-times.ts';
import { runFfmpeg, SIDE_OUTPUT } from './ffmpeg-command.ts';
import { pickerFor, selectExpression, written } from './frame-picker.ts';
import { sourcesOf } from './frame-sources.ts';
import type { VideoInfo } from './probe.ts';
import { given, type ProbeOptions, STRICT, VIDEO_STREAM } from './probe-options.ts';
import { hasIndex, type Part, planSeeks, seekOptions, untilFilter } from './seek-plan.ts';
import { scaleFilter } from './smart-resize.ts';
import { frameAt, type Timeline } from './timeline.ts';
import { renderingOf } from './tone-map.ts';

export interface AskedFrames {
  /** In seconds from the first frame; any order, any number of them. The frame on screen at each is returned. */
  times: readonly number[];
  /** Pixels. */
  width: number;
  height: number;
}

/** One way to decode what is asked for. */
interface Attempt {
  parts: readonly Part[];
  /** ffmpeg may start its filters anew where the picture changes its size or its direction. */
  restarts: boolean;
}

/** More new filter graphs than this in one video cost more than its decoding. */
const MAX_RESTARTS = 64;

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
  for (const attempt of await attemptsAt(path, info, asked)) {
    try {
      return await decodeParts(path, info, attempt, asked, options);
    } catch (error) {
      // Known early, before most of the video is decoded.
      if (!(error instanceof NotAsPlanned)) throw error;
    }
  }
  throw new VideocapError('InvalidVideo', 'its pictures change their size or direction so that their times are lost');
}

/**
 * Filters that start anew turn and scale each picture as players do. They forget what came before, so that frames can
 * then be told by times that the container states, but not by their number.
 */
async function attemptsAt(path: string, info: VideoInfo, { times }: AskedFrames): Promise<Attempt[]> {
  const { timeline, rotation } = info;
  const isCounted = countsFrames(timeline);
  const whole = [{ timeline, seekSeconds: undefined, until: Number.POSITIVE_INFINITY }];
  const parts = planSeeks(info, times);
  return [
    ...(parts !== undefined && (await hasIndex(path)) ? [{ parts, restarts: true }] : []),
    ...(isCounted && rotation === 0 ? [] : [{ parts: whole, restarts: true }]),
    ...(rotation === 0 ? [{ parts: whole, restarts: false }] : []),
  ];
}

const countsFrames = ({ stated, numbers }: Timeline) => !stated || numbers !== undefined;

/** Decoding goes elsewhere than it was meant to: it began at another key frame, or its filters start too often. */
class NotAsPlanned extends Error {}

async function decodeParts(
  path: string,
  info: VideoInfo,
  { parts, restarts }: Attempt,
  { times, width, height }: AskedFrames,
  options: ProbeOptions,
): Promise<Buffer> {
  const { begins } = info.timeline;
  const wanted = times.map((time) => begins[frameAt(info.timeline, time)]!);
  const stretches = parts.map((part) => ({ ...part, picker: pickerFor(part.timeline, wanted.filter(within(part))) }));
  const report = new DecodedTimes(parts.length);
  const { pixelFormat, bytesPerPixel, render } = renderingOf(info.colours);
  const frameBytes = width * height * bytesPerPixel;
  const shown = [
    ...(info.transparent ? onWhite(bytesPerPixel > 3 ? 'gbrap16le' : 'gbrap') : []),
    ...[scaleFilter(width, height), 'setsar=1', `format=${pixelFormat}`],
  ];
  const chains = stretches.map(({ picker, timeline, until }, i) => {
    const select = `select='${selectExpression(picker, timeline)}'`;
    return [reportTimes(SIDE_OUTPUT, i), ...untilFilter(until), select, ...shown].join(',');
  });
  const [first, ...others] = parts.map((part) => [
    ...[...STRICT, ...info.decoder, ...restarting(restarts), ...seekOptions(part)],
  ]);
  const mostFrames =
    2 * stretches.reduce((sum, { picker }) => sum + picker.moments.length + (picker.numbers?.length ?? 0), 0);
  const { stdout, stderr } = await runFfmpeg({
    input: path,
    inputOptions: first!,
    openedAgain: others,
    outputOptions: [
      ...graph(chains),
      ...['-fps_mode', 'passthrough', '-max_error_rate', '1', '-threads', '1', '-f', 'rawvideo'],
    ],
    computeSeconds: 120 + 4 * info.durationSeconds,
    timeoutSeconds: 1200 + 10 * info.durationSeconds,
    maxOutputBytes: (mostFrames + MAX_RESTARTS) * frameBytes,
    onSide: (piece) => {
      report.add(piece);
      for (const [i, part] of parts.entries()) checkStart(part, report.times[i]!);
      const mostStarts = parts.length > 1 || countsFrames(info.timeline) ? 1 : MAX_RESTARTS;
      if (report.starts.some((starts) => starts.length > mostStarts)) throw new NotAsPlanned();
    },
    ...given(options),
  });
  const all = stretches.map(({ timeline, picker }, i) => {
    const times = report.times[i]!;
    return { timeline, times, frames: written(picker, timeline, times, report.starts[i]) };
  });
  const expected = all.reduce((sum, { frames }) => sum + frames.length, 0);
  if (stdout.length !== expected * frameBytes) throw new NotAsPlanned();
  const isSuspect = stderr.trim() !== '' || info.timeline.corrupt;
  const damage = isSuspect ? await damageIn(path, parts, { shown, info }, options) : [];
  const sources = sourcesOf(
    all.map((part, i) => ({ ...part, ...damage[i] })),
    wanted,
    begins[0]!,
  );
  return render(Buffer.concat(sources.map((i) => stdout.subarray(i * frameBytes, (i + 1) * frameBytes))));
}

const within =
  ({ timeline: { begins } }: Part) =>
  (begin: number) =>
    begin >= begins[0]! && begin <= begins.at(-1)!;

const restarting = (restarts: boolean) => (restarts ? [] : ['-reinit_filter', '0']);

/** One output of all stretches, one after the other. */
function graph(chains: readonly string[]): string[] {
  if (chains.length === 1) return ['-map', VIDEO_STREAM, '-vf', chains[0]!];
  const stream = VIDEO_STREAM.slice(2);
  const all = chains.map((chain, i) => `[${i}:${stream}]${chain}[p${i}]`);
  const joined = `${chains.map((_, i) => `[p${i}]`).join('')}concat=n=${chains.length}[all]`;
  return ['-filter_complex', [...all, joined].join(';'), '-map', '[all]'];
}

/** @throws NotAsPlanned */
function checkStart({ timeline: { begins }, seekSeconds }: Part, [time]: readonly number[]): void {
  if (seekSeconds === undefined || time === undefined) return;
  const tolerance = Math.max(1, (begins[1] ?? begins[0]! + 2) - begins[0]!) / 2;
  if (!(Math.abs(time - begins[0]!) < tolerance)) throw new NotAsPlanned();
}
