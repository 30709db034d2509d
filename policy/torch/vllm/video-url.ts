import { createCanvas, ImageData } from '@napi-rs/canvas';
import type { Frames } from '../../../core/sample.ts';
import { frameOf } from '../../../video/clip.ts';
import { opaque } from '../../../video/opaque.ts';

/**
 * A clip as vLLM takes frames: a data URL with a picture for each, base64 with commas between. The server opens any
 * format under the name `video/jpeg`; PNG keeps every value.
 */
export async function videoUrl(frames: Frames): Promise<string> {
  const [count, height, width] = frames.shape;
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  const pictures: string[] = [];
  for (let index = 0; index < count; index++) {
    context.putImageData(new ImageData(opaque(frameOf(frames, index)), width, height), 0, 0);
    pictures.push((await canvas.encode('png')).toString('base64'));
  }
  return `data:video/jpeg;base64,${pictures.join(',')}`;
}
