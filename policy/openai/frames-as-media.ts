import type { Frames } from '../../core/sample.ts';
import type { MediaPart } from '../../judge/questions/question.ts';
import { framePicture } from '../../video/frame-image.ts';
import type { FramesAs } from './openai-config.ts';

/** The frames of a clip, in time, as a request has them. */
export async function framesAsMedia(clip: Frames, as: FramesAs): Promise<MediaPart[]> {
  const format = as === 'jpeg' ? 'jpeg' : 'png';
  const frames = Array.from({ length: clip.shape[0] }, (_, i) => i);
  const pictures = await Promise.all(frames.map((i) => framePicture(clip, i, format)));
  const encoded = pictures.map((picture) => picture.toString('base64'));
  // vLLM's form of frames that are decoded already; it recognises each picture's own format.
  if (as === 'video') return [{ type: 'video_url', video_url: { url: `data:video/jpeg;base64,${encoded.join(',')}` } }];
  return encoded.map((data) => ({ type: 'image_url', image_url: { url: `data:image/${format};base64,${data}` } }));
}
