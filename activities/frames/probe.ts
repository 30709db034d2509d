import { stat } from 'node:fs/promises';
import { VideocapError } from '../../core/errors.ts';
import { FfmpegFailure, runFfmpeg } from './ffmpeg-command.ts';

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
}

/** The first moving picture of a file: cover images do not count. */
export const VIDEO_STREAM = '0:V:0';
/** A line a frame: enough for a day of video. */
const MAX_TABLE_BYTES = 256 * 2 ** 20;

/**
 * What a video file holds, found by reading its packets without decoding them (so a wrong duration in its header does no
 * harm, and no ffprobe is needed).
 * @throws VideocapError `InvalidVideo` naming the file and the remedy when it is missing or no readable video.
 */
export async function probeVideo(path: string, options: ProbeOptions = {}): Promise<VideoInfo> {
  if (!(await stat(path).catch(() => undefined))?.isFile())
    throw new VideocapError('InvalidVideo', `Video ${path} does not exist or is no file; check the path.`);
  try {
    const { stdout, stderr } = await runFfmpeg({
      input: path,
      outputOptions: ['-map', VIDEO_STREAM, '-c', 'copy', '-f', 'framecrc'],
      maxOutputBytes: MAX_TABLE_BYTES,
      ...given(options),
    });
    return readProbe(stdout.toString('latin1'), stderr);
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/** Reads ffmpeg's table of packets (`-f framecrc`) and what it logged about the input. Pure. */
export function readProbe(table: string, log: string): VideoInfo {
  const header = (name: string) => new RegExp(`^#${name} 0: (.*)$`, 'm').exec(table)?.[1] ?? '';
  const [ticks, perSecond] = header('tb').split('/').map(Number) as [number, number];
  const [codedWidth, codedHeight] = header('dimensions').split('x').map(Number) as [number, number];
  const packets = [...table.matchAll(/^\d+, *-?\d+, *(-?\d+), *(\d+),/gm)];
  const starts = packets.map((match) => Number(match[1])).sort((a, b) => a - b);
  if (starts.length === 0 || !(codedWidth > 0 && codedHeight > 0))
    throw new VideocapError('InvalidVideo', 'it has no video frames');
  const span = starts.at(-1)! - starts[0]!;
  const lastTicks = Number(packets.find((match) => Number(match[1]) === starts.at(-1))![2]);
  // Some containers do not say how long a frame lasts: the last one then lasts as long as the others on average.
  const lastFrame = lastTicks || (starts.length > 1 ? span / (starts.length - 1) : 0);
  const durationSeconds = ((span + lastFrame) * ticks) / perSecond;
  const rotation = rotationOf(log);
  const width = Math.max(1, Math.round(codedWidth * pixelAspect(header('sar'))));
  const upright = Math.abs(rotation) !== 90;
  return {
    durationSeconds,
    width: upright ? width : codedHeight,
    height: upright ? codedHeight : width,
    rotation,
    frames: starts.length,
    framesPerSecond: durationSeconds > 0 ? starts.length / durationSeconds : 0,
    codec: header('codec_id'),
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
  const degrees = Number(/rotation of (-?[\d.]+) degrees/i.exec(section)?.[1] ?? 0);
  const quarter = Math.round(degrees / 90) * 90;
  return quarter === -180 ? 180 : quarter + 0;
}

/** A sentence about this file for whatever went wrong with it; faults of the machine stay as they are. */
export function asVideoError(error: unknown, path: string): unknown {
  if (error instanceof VideocapError && error.code === 'InvalidVideo' && !error.message.includes(path))
    return unreadable(path, error.message, error);
  if (!(error instanceof FfmpegFailure)) return error;
  if (error.kind !== 'refused')
    return new VideocapError('Unavailable', `Reading video ${path} was cut short: ${error.message}.`, { cause: error });
  if (/matches no streams/.test(error.stderr)) return unreadable(path, 'it has no video stream', error);
  return unreadable(path, `ffmpeg says "${reasonOf(error.stderr)}"`, error);
}

function unreadable(path: string, reason: string, cause: unknown): VideocapError {
  const remedy = 'check that it plays, or convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p converted.mp4';
  return new VideocapError('InvalidVideo', `Video ${path} cannot be read: ${reason}; ${remedy}.`, { cause });
}

/** ffmpeg's first complaint is the cause, what follows are consequences. */
function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\[[^\]]*\] */, '').trim());
  return lines.find((line) => /invalid|error|not |unsupported|denied|no such/i.test(line)) ?? lines.at(-1) ?? '';
}

function given({ signal, timeoutSeconds }: ProbeOptions) {
  return { ...(signal && { signal }), ...(timeoutSeconds && { timeoutSeconds }) };
}
