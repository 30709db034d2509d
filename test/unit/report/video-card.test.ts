import { loadImage } from '@napi-rs/canvas';
import { expect, test } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { framesPicture } from '../../../report/frames-picture.ts';
import { videoCard } from '../../../report/video-card.ts';
import { contactSheet } from '../../../video/contact-sheet.ts';

const video = { path: '/data/film.mp4', sha256: 'x', bytes: 1 };
const card = (sample: object, more: object = {}) =>
  videoCard(
    {
      sample: { id: 'film.mp4#t=3,7.5', video, caption: 'A dog.', ...sample },
      video: 'data:video/mp4;base64,AA==',
      base: { step: 0, text: 'A cat.', prompt: undefined, result: undefined },
      trained: undefined,
      ...more,
    },
    ExperimentConfig.parse({ prompt: { output: 'plain' }, reward: { think: { weight: 0 } } }),
  ).text;

test('a sample of a segment plays its segment, and says which seconds it is about', () => {
  expect(card({ start: 3, end: 7.5 })).toContain('src="data:video/mp4;base64,AA==#t=3,7.5"');
  expect(card({ start: 3, end: 7.5 })).toContain('seconds 3 to 7.5 of the video');
  expect(card({ end: 2 })).toContain('seconds 0 to 2 of the video');
  expect(card({ start: 2 })).toContain('seconds 2 to the end of the video');
  expect(card({})).not.toMatch(/seconds|AA==#/);
});

/** Frame `i` is one grey, `i` modulo 256. */
function clipOf(frames: number, side = 28) {
  const data = new Uint8Array(frames * side * side * 3).map((_, at) => Math.floor(at / (side * side * 3)) % 256);
  return { shape: [frames, side, side, 3] as const, data };
}

test('a clip of 768 frames becomes a picture that can be looked at, with both ends', async () => {
  const { frames, framesNote } = framesPicture(clipOf(768));
  expect(framesNote).toBe('48 of 768 frames');
  const { width, height } = await loadImage(Buffer.from(frames.split(',')[1]!, 'base64'));
  expect([width, height]).toEqual([8 * 58 - 2, 6 * 58 - 2]);
  expect(card({}, { frames, framesNote })).toContain('what the policy saw: 48 of 768 frames');
});

test('a clip of few frames is shown as before', () => {
  for (const frames of [2, 8, 16]) {
    const sheet = contactSheet(clipOf(frames), { format: 'jpeg', columns: frames / 2, gap: 2, scale: 2 });
    expect(framesPicture(clipOf(frames))).toEqual({ frames: `data:image/jpeg;base64,${sheet.toString('base64')}` });
  }
});
