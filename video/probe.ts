import { stat } from 'node:fs/promises';
import { VideocapError } from '../core/errors.ts';
import { alphaDecoder } from './alpha.ts';
import { decodedPictures } from './decoded-pictures.ts';
import { decodedTimeline, needsDecoder } from './decoded-timeline.ts';
import { runFfmpeg } from './ffmpeg-command.ts';
import { type FirstPicture, headOfFirstPicture, readFirstPicture } from './first-picture.ts';
import { lostPackets } from './lost-packets.ts';
import { packetsBehindGaps } from './missing-frames.ts';
import { PacketTable } from './packet-table.ts';
import { given, type ProbeOptions, STRICT, VIDEO_STREAM } from './probe-options.ts';
import {
  type FileFacts,
  hasTimeGaps,
  isStated,
  leadingPictures,
  nearest,
  type Timeline,
  timelineOf,
} from './timeline.ts';
import { asVideoError, shownPath } from './video-errors.ts';
import { refuseUnreadable, saysWhenShown } from './whole-file.ts';

export interface VideoInfo extends FirstPicture {
  /** From the first shown frame's beginning to the last one's end. */
  durationSeconds: number;
  /** That are shown. */
  frames: number;
  /** Mean over the file; 0 for a single frame without a duration. */
  framesPerSecond: number;
  codec: string;
  /** ffmpeg's options to decode its pictures with their transparency, where that takes another decoder. */
  decoder: readonly string[];
  timeline: Timeline;
}

/** Codecs whose decoder gives white where the picture is transparent. */
const ON_WHITE: ReadonlySet<string> = new Set(['gif']);

/** A line a frame: enough for a day of video. */
const MAX_TABLE_BYTES = 256 * 2 ** 20;
const MAX_DURATION_SECONDS = 24 * 3600;
/** What reading a file may cost, decoding it apart. */
const PROBE_SECONDS = { computeSeconds: 120, timeoutSeconds: 1200 };

/**
 * ffmpeg does not copy times of decoding that go back, as they do from one segment of an edit list to the next, or
 * where pictures lead a key frame: it moves them, and the times of showing with them. So each packet gets one of its
 * own, before every time of showing. Not for files that say only when to decode.
 */
const AS_SHOWN = ['-bsf:v', 'setts=dts=N-1000000000000:pts=PTS'];

/**
 * What a video file holds, found by reading its packets and decoding one picture (so a wrong duration in its header
 * has no effect, and no ffprobe is needed).
 * @throws VideocapError `InvalidVideo` naming the file and the remedy when it is missing or no readable video.
 */
export async function probeVideo(path: string, options: ProbeOptions = {}): Promise<VideoInfo> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new VideocapError('InvalidVideo', `Video ${shownPath(path)} does not exist or is no file; check the path.`);
  if (found.size === 0)
    throw new VideocapError('InvalidVideo', `Video ${shownPath(path)} is empty (0 bytes); copy or download it again.`);
  try {
    await refuseUnreadable(path);
    const decoder = await alphaDecoder(path);
    const asShown = (await saysWhenShown(path)) ? AS_SHOWN : [];
    let [table, head] = await packetsOf(path, options, { decoder, more: asShown });
    if (asShown.length > 0 && table.packets > 0 && !isStated(table))
      [table, head] = await packetsOf(path, options, { decoder });
    // Some containers mark no key frame, and ffmpeg copies nothing in front of the first.
    const isKeyless = table.packets === 0;
    if (isKeyless) [table, head] = await packetsOf(path, options, { decoder, more: [...asShown, '-copyinkf'] });
    const facts = {
      lostPackets: await lostPackets(path),
      behindGaps: await behindGaps(path, table, options),
      firstDecoded: await firstDecoded(path, leadingPictures(table), options),
    };
    const described = describePackets(table, facts);
    const info = isKeyless || needsDecoder(described.timeline) ? await asDecoded(path, described, options) : described;
    const first = readFirstPicture(head);
    return { ...info, ...first, decoder, transparent: first.transparent && !ON_WHITE.has(info.codec) };
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/** Only where the times have a gap, too: some encoders do not count as they should. */
async function behindGaps(path: string, table: PacketTable, options: ProbeOptions): Promise<ReadonlySet<number>> {
  if (!hasTimeGaps(table)) return new Set();
  const { packets } = table;
  return packetsBehindGaps(path, { codec: table.header('codec_id'), packets }, options);
}

/** The table of packets, and the head of a QuickTime file about the first picture. */
async function packetsOf(
  path: string,
  options: ProbeOptions,
  { decoder, more = [] }: { decoder: readonly string[]; more?: readonly string[] },
): Promise<[PacketTable, Buffer]> {
  const table = new PacketTable();
  const head: Buffer[] = [];
  await runFfmpeg({
    input: path,
    openedAgain: [['-noautorotate', ...decoder]],
    outputOptions: [
      ...headOfFirstPicture(`1:${VIDEO_STREAM.slice(2)}`),
      ...['-max_error_rate', '1', '-map', VIDEO_STREAM, '-c', 'copy', ...more, '-f', 'framecrc'],
    ],
    maxOutputBytes: MAX_TABLE_BYTES,
    onOutput: (piece) => table.add(piece.toString('latin1')),
    onSide: (piece) => head.push(piece),
    ...PROBE_SECONDS,
    ...given(options),
  });
  table.end();
  return [table, Buffer.concat(head)];
}

/** More leading pictures than any encoder makes are not looked for. */
const MOST_LEADING = 128;

/** Pictures of which only the times matter. */
const TINY = ['scale=16:16', 'format=gray'];

/** When the first pictures begin that the decoder shows, in microseconds; none without leading ones. */
async function firstDecoded(path: string, leading: number, options: ProbeOptions): Promise<number[]> {
  if (leading === 0 || leading > MOST_LEADING) return [];
  return (await decodedPictures(path, { filters: TINY, frames: leading }, options)).map(({ time }) => time);
}

/**
 * The same video from the first picture that its decoder shows. A recording that begins between two key frames may be
 * of a stream that refreshes its pictures bit by bit: they are shown once they are whole. `undefined`: all are shown,
 * or the container is none that is recorded in this way.
 * @throws VideocapError `InvalidVideo` when frames behind that picture are lost, too.
 */
export async function fromFirstDecoded(
  path: string,
  info: VideoInfo,
  options: ProbeOptions,
): Promise<VideoInfo | undefined> {
  const { begins, stated, numbers } = info.timeline;
  if (!stated || numbers || info.codec !== 'h264' || (await saysWhenShown(path))) return undefined;
  try {
    const [first] = await decodedPictures(path, { filters: TINY, frames: 1 }, options);
    if (first === undefined || nearest(begins, first.time) === 0) return undefined;
    return { ...info, ...(await asDecoded(path, info, options)) };
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/** The same video with the timeline of its decoder. */
async function asDecoded(path: string, video: Described, options: ProbeOptions): Promise<Described> {
  const { durationSeconds } = video;
  const pictures = await decodedPictures(path, { inputOptions: STRICT, filters: TINY, durationSeconds }, options);
  const timeline = decodedTimeline(
    video.timeline,
    pictures.map(({ time }) => time),
  );
  return { ...video, ...measuresOf(timeline), timeline };
}

type Described = Omit<VideoInfo, keyof FirstPicture | 'decoder'>;

/** Reads ffmpeg's table of packets (`-f framecrc`). Pure. */
export function readPackets(table: string, facts: FileFacts = {}): Described {
  const packets = new PacketTable();
  packets.add(table);
  packets.end();
  return describePackets(packets, facts);
}

function describePackets(table: PacketTable, facts: FileFacts): Described {
  const timeline = timelineOf(table, facts);
  if (timeline === undefined) throw new VideocapError('InvalidVideo', 'it has no video frames');
  const { durationSeconds } = timeline;
  if (!(durationSeconds <= MAX_DURATION_SECONDS))
    throw new VideocapError(
      'InvalidVideo',
      `it claims to last ${Math.round(durationSeconds)} s, more than a day; cut it`,
    );
  return { ...measuresOf(timeline), codec: table.header('codec_id'), timeline };
}

function measuresOf({ durationSeconds, begins }: Timeline) {
  const framesPerSecond = durationSeconds > 0 ? begins.length / durationSeconds : 0;
  return { durationSeconds, frames: begins.length, framesPerSecond };
}
