import { VideocapError } from '../core/errors.ts';
import type { Clip } from './clip.ts';
import { extractClip } from './extract-frames.ts';
import { extractPictures } from './extract-pictures.ts';
import type { FrameOptions } from './frame-options.ts';
import { picturesOf } from './pictures.ts';
import type { ProbeOptions } from './probe-options.ts';
import type { Excerpt } from './segment.ts';
import { shownPath } from './video-errors.ts';

/**
 * What the policy sees of a video: a video file, a folder of pictures, or one picture.
 * @throws VideocapError `InvalidVideo` naming the file when it cannot be decoded, or has nothing in the segment.
 */
export async function openClip(
  path: string,
  options: FrameOptions & ProbeOptions,
  excerpt: Excerpt = {},
): Promise<Clip> {
  const pictures = await picturesOf(path);
  if (pictures) return extractPictures(path, pictures, options, excerpt);
  const { fps, times, ...segment } = excerpt;
  const given = fps !== undefined ? 'fps' : times !== undefined ? 'times' : undefined;
  if (given !== undefined)
    throw new VideocapError(
      'InvalidVideo',
      `"${given}" states when the pictures of a folder are seen, but video ${shownPath(path)} is no folder; leave it ` +
        'out. To sample a number of frames a second, set frames.fps in the config.',
    );
  return extractClip(path, options, segment);
}
