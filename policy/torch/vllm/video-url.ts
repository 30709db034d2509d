import type { Frames } from '../../../core/sample.ts';
import { framePicture } from '../../../video/frame-image.ts';

/**
 * A clip as vLLM takes frames: a data URL with a picture for each, base64 with commas between. The server opens any
 * format under the name `video/jpeg`; PNG keeps every value.
 */
export async function videoUrl(frames: Frames): Promise<string> {
  const pictures: string[] = [];
  for (let index = 0; index < frames.shape[0]; index++)
    pictures.push((await framePicture(frames, index, 'png')).toString('base64'));
  return `data:video/jpeg;base64,${pictures.join(',')}`;
}
