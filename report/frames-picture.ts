import type { Frames } from '../core/sample.ts';
import { contactSheet } from '../video/contact-sheet.ts';

/** More frames would make a picture too large to read, and too large for JPEG. */
const MOST_FRAMES = 48;
const MOST_COLUMNS = 8;

/** What the policy saw of a video, for people to look at. */
export interface FramesPicture {
  /** `data:` address of a JPEG. */
  frames: string;
  /** How many frames the picture has, where the clip has more. */
  framesNote?: string | undefined;
}

/** All frames of a clip in time; of a long one 48, with the first and the last among them. */
export function framesPicture(clip: Frames): FramesPicture {
  const [all] = clip.shape;
  const shown = Math.min(all, MOST_FRAMES);
  const sheet = contactSheet(clip, {
    format: 'jpeg',
    frames: Array.from({ length: shown }, (_, i) => Math.round((i * (all - 1)) / Math.max(1, shown - 1))),
    columns: Math.min(MOST_COLUMNS, Math.ceil(all / 2)),
    gap: 2,
    scale: 2,
  });
  return {
    frames: `data:image/jpeg;base64,${sheet.toString('base64')}`,
    ...(shown < all && { framesNote: `${shown} of ${all} frames` }),
  };
}
