import { sha256 } from '../core/sha256.ts';
import type { Clip } from './clip.ts';
import { decodeFrames } from './decode-frames.ts';
import type { FrameOptions } from './frame-options.ts';
import { type ProbeOptions, probeVideo } from './probe.ts';
import { sampleTimes } from './sample-times.ts';
import { smartResize } from './smart-resize.ts';
import { asVideoError } from './video-errors.ts';

/** Bump this when the same file and options would give other pixels: it is part of every clip's identity. */
const EXTRACTION_VERSION = 2;

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
    const times = sampleTimes(info.durationSeconds, options.count);
    const data = await decodeFrames(path, info, { times, width, height }, options);
    return { shape: [times.length, height, width, 3], times, durationSeconds: info.durationSeconds, data };
  } catch (error) {
    throw asVideoError(error, path);
  }
}
