import { createCanvas, ImageData } from '@napi-rs/canvas';
import type { Frames } from '../core/sample.ts';
import { frameOf } from './clip.ts';

/** One frame of a clip as canvas takes it: with an opaque alpha channel. */
export function frameImage(clip: Frames, index: number): ImageData {
  const [, height, width] = clip.shape;
  const rgb = frameOf(clip, index);
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) rgba.set(rgb.subarray(from, from + 3), to);
  return new ImageData(rgba, width, height);
}

/** Of JPEG, 0-100. */
const QUALITY = 90;

/** One frame of a clip as the bytes of a picture file. Encodes in a thread. */
export async function framePicture(clip: Frames, index: number, format: 'png' | 'jpeg'): Promise<Buffer> {
  const [, height, width] = clip.shape;
  const canvas = createCanvas(width, height);
  canvas.getContext('2d').putImageData(frameImage(clip, index), 0, 0);
  return format === 'png' ? canvas.encode('png') : canvas.encode('jpeg', QUALITY);
}
