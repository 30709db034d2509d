import { VideocapError } from '../core/errors.ts';
import { sha256 } from '../core/sha256.ts';
import type { Clip } from './clip.ts';
import { runFfmpeg } from './ffmpeg-command.ts';
import type { FrameOptions } from './frame-options.ts';
import { given, type ProbeOptions, probeVideo, VIDEO_STREAM } from './probe.ts';
import { sampleFilter, sampleTimes } from './sample-times.ts';
import { scaleFilter, smartResize } from './smart-resize.ts';
import { asVideoError } from './video-errors.ts';

/** Bump this when the same file and options would give other pixels: it is part of every clip's identity. */
const EXTRACTION_VERSION = 1;

/** A hash of everything that determines a clip: its file's content, and how frames are taken from it. */
export function clipIdentity(fileSha256: string, { count, minPixels, maxPixels, factor }: FrameOptions): string {
  return sha256(JSON.stringify([EXTRACTION_VERSION, fileSha256, count, minPixels, maxPixels, factor]));
}

/**
 * The frames of a video file that the policy sees: `count` of them, uniform in time, upright, resized by Qwen2-VL's
 * rule. A video with fewer frames than that shows some of them several times. The same file and options give the same
 * bytes with one version of ffmpeg.
 * @throws VideocapError `InvalidVideo` naming the file when it cannot be decoded.
 */
export async function extractClip(path: string, options: FrameOptions & ProbeOptions): Promise<Clip> {
  const info = await probeVideo(path, options);
  try {
    const { width, height } = smartResize(info, options);
    const { count } = options;
    // A picture alone may have no duration to divide.
    const [selection, expected] = info.frames > 1 ? [sampleFilter(info.durationSeconds, count), count] : ['null', 1];
    const { stdout } = await runFfmpeg({
      input: path,
      outputOptions: [
        ...['-map', VIDEO_STREAM, '-vf'],
        `${selection},${scaleFilter(width, height)},setsar=1,format=rgb24`,
        ...['-frames:v', `${count}`, '-fps_mode', 'passthrough', '-threads', '1', '-f', 'rawvideo'],
      ],
      computeSeconds: 120 + 4 * info.durationSeconds,
      timeoutSeconds: 1200 + 10 * info.durationSeconds,
      maxOutputBytes: count * width * height * 3,
      ...given(options),
    });
    const data = complete(stdout, width * height * 3, count, expected);
    const times = sampleTimes(info.durationSeconds, count);
    return { shape: [count, height, width, 3], times, durationSeconds: info.durationSeconds, data };
  } catch (error) {
    throw asVideoError(error, path);
  }
}

/** A share of frames that may be missing at the end, where files are often a little shorter than they say. */
const MISSING_ALLOWED = 0.25;

/**
 * Repeats the last frame where the video ends before its last sampling times; a file that mostly fails to decode is
 * refused.
 */
function complete(decoded: Buffer, frameBytes: number, count: number, expected: number): Buffer {
  const frames = Math.floor(decoded.length / frameBytes);
  if (frames === count) return decoded;
  if (frames === 0 || expected - frames > Math.max(1, expected * MISSING_ALLOWED))
    throw new VideocapError(
      'InvalidVideo',
      `only ${frames} of ${expected} frames could be decoded, the file is damaged`,
    );
  const last = decoded.subarray((frames - 1) * frameBytes, frames * frameBytes);
  return Buffer.concat([decoded.subarray(0, frames * frameBytes), ...Array<Buffer>(count - frames).fill(last)]);
}
