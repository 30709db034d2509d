import { VideocapError } from '../core/errors.ts';
import { sha256 } from '../core/sha256.ts';
import type { Clip } from './clip.ts';
import { decodeFrames } from './decode-frames.ts';
import type { FrameOptions } from './frame-options.ts';
import { fromFirstDecoded, probeVideo, type VideoInfo } from './probe.ts';
import type { ProbeOptions } from './probe-options.ts';
import { chosenBy, sampleTimes } from './sample-times.ts';
import { boundsOf, type Excerpt, type Segment } from './segment.ts';
import { smartResize } from './smart-resize.ts';
import { asVideoError } from './video-errors.ts';

/** Bump this when the same file and options would give other pixels: it is part of every clip's identity. */
const EXTRACTION_VERSION = 3;

/**
 * A hash of everything that determines a clip: its video's content, and how frames are taken from it. What was added to
 * the options later is part of it only where it is used, so that clips of the same version are found again.
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
  try {
    return await clipOf(path, info, options, segment);
  } catch (error) {
    const later = isDamage(error) ? await fromFirstDecoded(path, info, options) : undefined;
    if (later === undefined) throw error;
    return clipOf(path, later, options, segment);
  }
}

const isDamage = (error: unknown) => error instanceof VideocapError && error.code === 'InvalidVideo';

async function clipOf(
  path: string,
  info: VideoInfo,
  options: FrameOptions & ProbeOptions,
  segment: Segment,
): Promise<Clip> {
  const bounds = boundsOf(segment, info.durationSeconds, path);
  const times = sampleTimes(info, options, bounds);
  try {
    const { width, height } = smartResize(info, options, path);
    const asked = { times: chosenBy(times, options, bounds), width, height };
    const data = await decodeFrames(path, info, asked, options);
    return { shape: [times.length, height, width, 3], times, durationSeconds: info.durationSeconds, data };
  } catch (error) {
    throw asVideoError(error, path);
  }
}
