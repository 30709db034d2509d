import { stat } from 'node:fs/promises';
import { VideocapError } from '../core/errors.ts';
import { displayRotation } from './display-matrix.ts';
import { FfmpegFailure, runFfmpeg, SIDE_OUTPUT } from './ffmpeg-command.ts';
import { PacketTable } from './packet-table.ts';
import { type Timeline, timelineOf } from './timeline.ts';

export interface VideoInfo {
  /** From the first shown frame's beginning to the last one's end. */
  durationSeconds: number;
  /** As shown: after rotation, with square pixels. */
  width: number;
  height: number;
  /** Degrees that the file asks players to turn the picture, counter-clockwise: 0, 90, 180 or -90. */
  rotation: number;
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
 * What a video file holds, found by reading its packets without decoding them (so a wrong duration in its header does
 * no harm, and no ffprobe is needed).
 * @throws VideocapError `InvalidVideo` naming the file and the remedy when it is missing or no readable video.
 */
export async function probeVideo(path: string, options: ProbeOptions = {}): Promise<VideoInfo> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile())
    throw new VideocapError('InvalidVideo', `Video ${shownPath(path)} does not exist or is no file; check the path.`);
  if (found.size === 0)
    throw new VideocapError('InvalidVideo', `Video ${shownPath(path)} is empty (0 bytes); copy or download it again.`);
  try {
    const table = new PacketTable();
    const header: Buffer[] = [];
    const { stderr } = await runFfmpeg({
      input: path,
      openedAgain: [FIRST_FRAME.input],
      outputOptions: [
        ...FIRST_FRAME.output,
        '-max_error_rate',
        '1',
        '-map',
        VIDEO_STREAM,
        '-c',
        'copy',
        '-f',
        'framecrc',
      ],
      maxOutputBytes: MAX_TABLE_BYTES,
      onOutput: (piece) => table.add(piece.toString('latin1')),
      onSide: (piece) => header.push(piece),
      ...PROBE_SECONDS,
      ...given(options),
    });
    table.end();
    return describeVideo(table, displayRotation(Buffer.concat(header)), stderr);
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/**
 * The first frame as a QuickTime file of some pixels: its header has the display matrix, whichever way the input says
 * how it is turned, as numbers.
 */
const FIRST_FRAME = {
  input: ['-noautorotate'],
  output: [
    ...['-map', `1:${VIDEO_STREAM.slice(2)}`, '-frames:v', '1', '-vf', 'scale=2:2,format=rgb24', '-c:v', 'rawvideo'],
    ...['-map_metadata', '-1', '-map_chapters', '-1'],
    ...['-f', 'mov', '-movflags', 'frag_keyframe+empty_moov', SIDE_OUTPUT],
  ],
};

/** Reads ffmpeg's table of packets (`-f framecrc`), and what it warned of. `rotation` in degrees. Pure. */
export function readProbe(table: string, rotation: number, log: string): VideoInfo {
  const packets = new PacketTable();
  packets.add(table);
  packets.end();
  return describeVideo(packets, rotation, log);
}

function describeVideo(table: PacketTable, degrees: number, log: string): VideoInfo {
  const [codedWidth, codedHeight] = table.header('dimensions').split('x').map(Number) as [number, number];
  if (TOO_LARGE.test(log)) throw new VideocapError('InvalidVideo', 'its picture is larger than 8192 x 8192');
  const timeline = codedWidth > 0 && codedHeight > 0 ? timelineOf(table) : undefined;
  if (timeline === undefined) throw new VideocapError('InvalidVideo', 'it has no video frames');
  if (CUT_SHORT.test(log)) throw new VideocapError('InvalidVideo', 'it is cut short, the end of the file is missing');
  const { durationSeconds, begins } = timeline;
  if (!(durationSeconds <= MAX_DURATION_SECONDS))
    throw new VideocapError(
      'InvalidVideo',
      `it claims to last ${Math.round(durationSeconds)} s, more than a day; cut it`,
    );
  const rotation = quarterTurns(degrees);
  const width = Math.max(1, Math.round(codedWidth * pixelAspect(table.header('sar'))));
  const upright = Math.abs(rotation) !== 90;
  return {
    durationSeconds,
    width: upright ? width : codedHeight,
    height: upright ? codedHeight : width,
    rotation,
    frames: begins.length,
    framesPerSecond: durationSeconds > 0 ? begins.length / durationSeconds : 0,
    codec: table.header('codec_id'),
    timeline,
  };
}

const TOO_LARGE = /picture size \d+x\d+ (exceeds|is invalid)/i;
/** How ffmpeg's demuxers (mov, matroska) and its input say that a file ends before its index does. */
const CUT_SHORT = /partial file|File ended prematurely|moov atom not found/;

/** Width of a pixel over its height; files that say 0 mean "unknown". */
function pixelAspect(ratio: string): number {
  const [across, down] = ratio.split('/').map(Number);
  return across && down ? across / down : 1;
}

/** To the nearest quarter turn. */
function quarterTurns(degrees: number): number {
  const quarter = Math.round(degrees / 90) * 90;
  return quarter === -180 ? 180 : quarter + 0;
}

/** A sentence about this file for whatever went wrong with it; faults of the machine stay as they are. */
export function asVideoError(error: unknown, path: string): unknown {
  if (error instanceof VideocapError && error.code === 'InvalidVideo' && !error.message.includes(shownPath(path)))
    return unreadable(path, error.message, error);
  if (!(error instanceof FfmpegFailure)) return error;
  if (error.kind === 'late' || error.kind === 'killed') {
    const message = `Reading video ${shownPath(path)} was cut short: ${error.message}.`;
    return new VideocapError('Unavailable', message, { cause: error });
  }
  if (error.kind === 'excess') return unreadable(path, `${error.message} for it`, error);
  if (/matches no streams/.test(error.stderr)) return unreadable(path, 'it has no video stream', error);
  if (/not in allowed|not on whitelist|misdetection possible/.test(error.stderr))
    return unreadable(path, 'it is no video file but a list, a picture or a text', error);
  if (CUT_SHORT.test(error.stderr)) return unreadable(path, 'it is cut short, the end of the file is missing', error);
  if (TOO_LARGE.test(error.stderr)) return unreadable(path, 'its picture is larger than 8192 x 8192', error);
  if (error.message.includes('was killed')) return unreadable(path, 'ffmpeg crashes on it', error);
  return unreadable(path, `ffmpeg says "${reasonOf(error.stderr)}"`, error);
}

/** A path as one line of text, whatever characters are in it. */
export function shownPath(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get into a message
  return /[\u0000-\u001f\u007f\u2028\u2029]/.test(path) ? JSON.stringify(path) : path;
}

function unreadable(path: string, reason: string, cause: unknown): VideocapError {
  const remedy = 'check that it plays, or convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p converted.mp4';
  return new VideocapError('InvalidVideo', `Video ${shownPath(path)} cannot be read: ${reason}; ${remedy}.`, { cause });
}

/** ffmpeg's first complaint is the cause, what follows are consequences. */
function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\[[^\]]*\] */, '').trim());
  return lines.find((line) => /invalid|error|not |unsupported|denied|no such/i.test(line)) ?? lines.at(-1) ?? 'nothing';
}

export function given({ signal, timeoutSeconds, memoryBytes }: ProbeOptions) {
  return { ...(signal && { signal }), ...(timeoutSeconds && { timeoutSeconds }), ...(memoryBytes && { memoryBytes }) };
}
