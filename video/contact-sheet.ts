import { createCanvas, ImageData } from '@napi-rs/canvas';
import type { Frames } from '../core/sample.ts';
import { frameOf } from './clip.ts';

export interface ContactSheetOptions {
  format?: 'png' | 'jpeg';
  /** Frames a row; default all. */
  columns?: number;
  /** Pixels between frames. */
  gap?: number;
  /** Whole factor by which frames are enlarged. */
  scale?: number;
}

/** All frames of a clip in one picture, row by row in time, for people to look at. Returns the file's bytes. */
export function contactSheet(clip: Frames, options: ContactSheetOptions = {}): Buffer {
  const { format = 'png', gap = 2, scale = 1 } = options;
  const [frames, height, width] = clip.shape;
  const columns = Math.max(1, Math.min(options.columns ?? frames, frames));
  const rows = Math.ceil(frames / columns);
  const [across, down] = [width * scale + gap, height * scale + gap];
  const sheet = createCanvas(columns * across - gap, rows * down - gap);
  const context = sheet.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.imageSmoothingEnabled = false;
  const frame = createCanvas(width, height);
  for (let i = 0; i < frames; i++) {
    frame.getContext('2d').putImageData(new ImageData(opaque(frameOf(clip, i)), width, height), 0, 0);
    const [x, y] = [(i % columns) * across, Math.floor(i / columns) * down];
    context.drawImage(frame, x, y, width * scale, height * scale);
  }
  return format === 'png' ? sheet.toBuffer('image/png') : sheet.toBuffer('image/jpeg', 85);
}

function opaque(rgb: Uint8Array): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) rgba.set(rgb.subarray(from, from + 3), to);
  return rgba;
}
