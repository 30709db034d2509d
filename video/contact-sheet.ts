import { createCanvas, ImageData } from '@napi-rs/canvas';
import type { Frames } from '../core/sample.ts';
import { frameOf } from './clip.ts';
import { opaque } from './opaque.ts';

export interface ContactSheetOptions {
  format?: 'png' | 'jpeg';
  /** Which frames to show, by index; default all. */
  frames?: readonly number[];
  /** Frames a row; default all. */
  columns?: number;
  /** Pixels between frames. */
  gap?: number;
  /** Whole factor by which frames are enlarged. */
  scale?: number;
}

/** The frames of a clip in one picture, row by row in time, for people to look at. Returns the file's bytes. */
export function contactSheet(clip: Frames, options: ContactSheetOptions = {}): Buffer {
  const { format = 'png', gap = 2, scale = 1 } = options;
  const [count, height, width] = clip.shape;
  const frames = options.frames ?? Array.from({ length: count }, (_, i) => i);
  const columns = Math.max(1, Math.min(options.columns ?? frames.length, frames.length));
  const rows = Math.ceil(frames.length / columns);
  const [across, down] = [width * scale + gap, height * scale + gap];
  const sheet = createCanvas(columns * across - gap, rows * down - gap);
  const context = sheet.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.imageSmoothingEnabled = false;
  const frame = createCanvas(width, height);
  for (const [i, index] of frames.entries()) {
    frame.getContext('2d').putImageData(new ImageData(opaque(frameOf(clip, index)), width, height), 0, 0);
    const [x, y] = [(i % columns) * across, Math.floor(i / columns) * down];
    context.drawImage(frame, x, y, width * scale, height * scale);
  }
  return format === 'png' ? sheet.toBuffer('image/png') : sheet.toBuffer('image/jpeg', 85);
}
