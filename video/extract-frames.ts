import { VideocapError } from '../core/errors.ts';
import { sha256 } from '../core/sha256.ts';
import type { Clip } from './clip.ts';
import { runFfmpeg } from './ffmpeg-command.ts';
import type { FrameOptions } from './frame-options.ts';
import { given, type ProbeOptions, probeVideo, VIDEO_STREAM } from './probe.ts';
import { sampleFilter, sampleTimes, timesFilter } from './sample-times.ts';
import { boundsOf, type Excerpt, type Segment } from './segment.ts';
import { scaleFilter, smartResize } from './smart-resize.ts';
import { asVideoError } from './video-errors.ts';

/** Bump this when the same file and options would give other pixels: it is part of every clip's identity. */
const EXTRACTION_VERSION = 1;

/**
 * A hash of everything that determines a clip: its video's content, and how frames are taken from it. What was added to
 * the options later is part of it only where it is used, so that clips of older runs are found again.
 */
export function clipIdentity(contentSha256: string, options: FrameOptions, excerpt: Excerpt = {}): string {
  const { count, fps, maxFrames, sampling, minPixels, maxPixels, factor } = options;
  const { start, end, fps: pictureRate, times } = excerpt;
  const added = JSON.stringify({
    ...(fps !== undefined && { fps, maxFrames }),
    ...(sampling !== 'middles' && { sampling }),
    ...(start && { start }),
    ...{ end, pictureRate, times },
  });
  const known = [EXTRACTION_VERSION, contentSha256, count ?? null, minPixels, maxPixels, factor];
  return sha256(JSON.stringify(added === '{}' ? known : [...known, added]));
}

/**
 * The frames of a video file that the policy sees: those of `sampleTimes`, upright, resized by Qwen2-VL's rule. A video
 * with fewer frames than that shows some of them several times. The same file, options and segment give the same bytes
 * with one version of ffmpeg.
 * @throws VideocapError `InvalidVideo` naming the file when it cannot be decoded, or has nothing in the segment.
 */
export async function extractClip(
  path: string,
  options: FrameOptions & ProbeOptions,
  segment: Segment = {},
): Promise<Clip> {
  const info = await probeVideo(path, options);
  const times = sampleTimes(info, options, boundsOf(segment, info.durationSeconds, path));
  const count = times.length;
  try {
    const { width, height } = smartResize(info, options);
    const whole = segment.start === undefined && segment.end === undefined && options.sampling === 'middles';
    const filter = whole ? sampleFilter(info.durationSeconds, count) : timesFilter(times);
    // A picture alone may have no duration to divide.
    const [selection, expected] = info.frames > 1 ? [filter, count] : ['null', 1];
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
