import { stat } from 'node:fs/promises';
import { VideocapError } from '../core/errors.ts';
import { runFfmpeg } from './ffmpeg-command.ts';
import { PacketTable } from './packet-table.ts';
import { asVideoError, CUT_SHORT, shownPath, TOO_LARGE } from './video-errors.ts';

export interface VideoInfo {
  /** From the first frame's beginning to the last one's end. */
  durationSeconds: number;
  /** As shown: after rotation, with square pixels. */
  width: number;
  height: number;
  /** Degrees that the file asks players to turn the picture, counter-clockwise: 0, 90, 180 or -90. */
  rotation: number;
  frames: number;
  /** Mean over the file; 0 for a single frame without a duration. */
  framesPerSecond: number;
  codec: string;
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
    const { stderr } = await runFfmpeg({
      input: path,
      outputOptions: ['-map', VIDEO_STREAM, '-c', 'copy', '-f', 'framecrc'],
      maxOutputBytes: MAX_TABLE_BYTES,
      onOutput: (piece) => table.add(piece.toString('latin1')),
      ...PROBE_SECONDS,
      ...given(options),
    });
    table.end();
    return describeVideo(table, stderr);
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/** Reads ffmpeg's table of packets (`-f framecrc`) and what it logged about the input. Pure. */
export function readProbe(table: string, log: string): VideoInfo {
  const packets = new PacketTable();
  packets.add(table);
  packets.end();
  return describeVideo(packets, log);
}

function describeVideo(table: PacketTable, log: string): VideoInfo {
  const [ticks, perSecond] = table.header('tb').split('/').map(Number) as [number, number];
  const [codedWidth, codedHeight] = table.header('dimensions').split('x').map(Number) as [number, number];
  const { packets, first, last, lastTicks } = table;
  if (TOO_LARGE.test(log)) throw new VideocapError('InvalidVideo', 'its picture is larger than 8192 x 8192');
  if (first === undefined || last === undefined || !(codedWidth > 0 && codedHeight > 0))
    throw new VideocapError('InvalidVideo', 'it has no video frames');
  if (CUT_SHORT.test(log)) throw new VideocapError('InvalidVideo', 'it is cut short, the end of the file is missing');
  const span = last - first;
  // Some containers do not say how long a frame lasts: the last one then lasts as long as the others on average.
  const lastFrame = lastTicks || (packets > 1 ? span / (packets - 1) : 0);
  const durationSeconds = ((span + lastFrame) * ticks) / perSecond;
  if (!(durationSeconds <= MAX_DURATION_SECONDS))
    throw new VideocapError(
      'InvalidVideo',
      `it claims to last ${Math.round(durationSeconds)} s, more than a day; cut it`,
    );
  const rotation = rotationOf(log);
  const width = Math.max(1, Math.round(codedWidth * pixelAspect(table.header('sar'))));
  const upright = Math.abs(rotation) !== 90;
  return {
    durationSeconds,
    width: upright ? width : codedHeight,
    height: upright ? codedHeight : width,
    rotation,
    frames: packets,
    framesPerSecond: durationSeconds > 0 ? packets / durationSeconds : 0,
    codec: table.header('codec_id'),
  };
}

/** Width of a pixel over its height; files that say 0 mean "unknown". */
function pixelAspect(ratio: string): number {
  const [across, down] = ratio.split('/').map(Number);
  return across && down ? across / down : 1;
}

/** The display matrix of the stream that was mapped, to the nearest quarter turn. */
function rotationOf(log: string): number {
  const mapped = /Stream #0:(\d+)[^\n]* -> #0:0/.exec(log)?.[1] ?? '0';
  const input = log.slice(0, Math.max(0, log.indexOf('Stream mapping:')) || undefined);
  const section = new RegExp(`Stream #0:${mapped}\\b([\\s\\S]*?)(?=Stream #|$)`).exec(input)?.[1] ?? '';
  const degrees = Number(/^ *display ?matrix: rotation of (-?[\d.]+) degrees/im.exec(section)?.[1] ?? 0);
  const quarter = Math.round(degrees / 90) * 90;
  return quarter === -180 ? 180 : quarter + 0;
}

export function given({ signal, timeoutSeconds, memoryBytes }: ProbeOptions) {
  return { ...(signal && { signal }), ...(timeoutSeconds && { timeoutSeconds }), ...(memoryBytes && { memoryBytes }) };
}
