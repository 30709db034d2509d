import { stat } from 'node:fs/promises';
import { VideocapError } from '../core/errors.ts';
import { runFfmpeg } from './ffmpeg-command.ts';
import { type FirstPicture, headOfFirstPicture, readFirstPicture } from './first-picture.ts';
import { lostPackets } from './lost-packets.ts';
import { PacketTable } from './packet-table.ts';
import { type FileFacts, isStated, leadingPictures, type Timeline, timelineOf } from './timeline.ts';
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
  timeline: Timeline;
}

export interface ProbeOptions {
  signal?: AbortSignal | undefined;
  timeoutSeconds?: number;
  /** What reading the file may take; default as `runFfmpeg` has it. */
  memoryBytes?: number;
}

/** The first moving picture of a file: cover images do not count. */
export const VIDEO_STREAM = '0:V:0';
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
 * does no harm, and no ffprobe is needed).
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
    const asShown = (await saysWhenShown(path)) ? AS_SHOWN : [];
    let [table, head] = await packetsOf(path, options, asShown);
    if (asShown.length > 0 && table.packets > 0 && !isStated(table)) [table, head] = await packetsOf(path, options);
    // Some containers mark no key frame, and ffmpeg copies nothing in front of the first.
    if (table.packets === 0) [table, head] = await packetsOf(path, options, [...asShown, '-copyinkf']);
    const facts = {
      lostPackets: await lostPackets(path),
      firstDecoded: await firstDecoded(path, leadingPictures(table), options),
    };
    return { ...describePackets(table, facts), ...readFirstPicture(head) };
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/** The table of packets, and the head of a QuickTime file about the first picture. */
async function packetsOf(
  path: string,
  options: ProbeOptions,
  more: readonly string[] = [],
): Promise<[PacketTable, Buffer]> {
  const table = new PacketTable();
  const head: Buffer[] = [];
  await runFfmpeg({
    input: path,
    openedAgain: [['-noautorotate']],
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

/** When the first pictures begin that the decoder shows, in microseconds; none without leading ones. */
async function firstDecoded(path: string, leading: number, options: ProbeOptions): Promise<number[]> {
  if (leading === 0 || leading > MOST_LEADING) return [];
  const table = new PacketTable();
  await runFfmpeg({
    input: path,
    inputOptions: ['-noautorotate'],
    outputOptions: [
      ...['-max_error_rate', '1', '-map', VIDEO_STREAM, '-frames:v', `${leading}`, '-fps_mode', 'passthrough'],
      ...['-vf', 'settb=AVTB,scale=16:16,format=gray', '-enc_time_base', '1:1000000', '-threads', '1'],
      ...['-c:v', 'rawvideo', '-f', 'framecrc'],
    ],
    maxOutputBytes: 2 ** 20,
    onOutput: (piece) => table.add(piece.toString('latin1')),
    ...PROBE_SECONDS,
    ...given(options),
  });
  table.end();
  return Array.from({ length: table.packets }, (_, i) => table.packet(i).shown);
}

/** Reads ffmpeg's table of packets (`-f framecrc`). Pure. */
export function readPackets(table: string, facts: FileFacts = {}): Omit<VideoInfo, keyof FirstPicture> {
  const packets = new PacketTable();
  packets.add(table);
  packets.end();
  return describePackets(packets, facts);
}

function describePackets(table: PacketTable, facts: FileFacts): Omit<VideoInfo, keyof FirstPicture> {
  const timeline = timelineOf(table, facts);
  if (timeline === undefined) throw new VideocapError('InvalidVideo', 'it has no video frames');
  const { durationSeconds, begins } = timeline;
  if (!(durationSeconds <= MAX_DURATION_SECONDS))
    throw new VideocapError(
      'InvalidVideo',
      `it claims to last ${Math.round(durationSeconds)} s, more than a day; cut it`,
    );
  return {
    durationSeconds,
    frames: begins.length,
    framesPerSecond: durationSeconds > 0 ? begins.length / durationSeconds : 0,
    codec: table.header('codec_id'),
    timeline,
  };
}

export function given({ signal, timeoutSeconds, memoryBytes }: ProbeOptions) {
  return { ...(signal && { signal }), ...(timeoutSeconds && { timeoutSeconds }), ...(memoryBytes && { memoryBytes }) };
}
