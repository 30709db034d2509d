import { VideocapError } from '../core/errors.ts';
import { shownPath } from './video-errors.ts';

export interface Size {
  width: number;
  height: number;
}

export interface ResizeLimits {
  factor: number;
  minPixels: number;
  maxPixels: number;
}

/** Qwen2-VL refuses pictures that are longer than this many times their width. */
const MAX_ASPECT = 200;

/**
 * Qwen2-VL's `smart_resize` (transformers, models/qwen2_vl/image_processing_qwen2_vl): both sides become multiples of
 * `factor`, the area lands between `minPixels` and `maxPixels`, the aspect ratio is kept as nearly as that allows.
 * @param path the video, for the message.
 * @throws VideocapError `InvalidVideo` for an aspect ratio of more than 200.
 */
export function smartResize(
  { width, height }: Size,
  { factor, minPixels, maxPixels }: ResizeLimits,
  path: string,
): Size {
  const aspect = Math.max(width, height) / Math.min(width, height);
  if (!(aspect <= MAX_ASPECT))
    throw new VideocapError(
      'InvalidVideo',
      `The picture of ${shownPath(path)} has ${width}x${height} pixels, and its longer side is more than ` +
        `${MAX_ASPECT} times the shorter one; crop it.`,
    );
  const fitted = { width: roundHalfEven(width / factor) * factor, height: roundHalfEven(height / factor) * factor };
  const area = fitted.width * fitted.height;
  if (area > maxPixels) {
    const shrink = Math.sqrt((width * height) / maxPixels);
    const side = (length: number) => Math.max(factor, Math.floor(length / shrink / factor) * factor);
    return { width: side(width), height: side(height) };
  }
  if (area < minPixels) {
    const stretch = Math.sqrt(minPixels / (width * height));
    const side = (length: number) => Math.ceil((length * stretch) / factor) * factor;
    return { width: side(width), height: side(height) };
  }
  return fitted;
}

/** As Python rounds. */
export function roundHalfEven(number: number): number {
  const below = Math.floor(number);
  const rest = number - below;
  if (rest !== 0.5) return Math.round(number);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The one way a frame becomes smaller: bicubic over the whole footprint of a target pixel, full chroma, exact rounding.
 * Everything that the policy ever sees, in pretraining too, has gone through this filter.
 */
export function scaleFilter(width: number, height: number): string {
  return `scale=${width}:${height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact`;
}
