import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { drawFrames } from '../../../../datasets/shapes/draw.ts';
import { CANVAS, FRAMES, statesAt } from '../../../../datasets/shapes/motion.ts';
import { sceneAt } from '../../../../datasets/shapes/scene.ts';

const digest = (frames: Iterable<Buffer>) => {
  const hash = createHash('sha256');
  for (const frame of frames) hash.update(frame);
  return hash.digest('hex');
};

test('draws 24 opaque frames of 224x224', () => {
  const frames = [...drawFrames(sceneAt(1, 'train', 0))];
  expect(frames).toHaveLength(FRAMES);
  for (const frame of frames) {
    expect(frame).toHaveLength(CANVAS * CANVAS * 4);
    expect(frame.every((level, i) => i % 4 !== 3 || level === 255)).toBe(true);
  }
});

test('draws the same scene the same way, and another one another way', () => {
  const [a, again, b] = [0, 0, 1].map((index) => digest(drawFrames(sceneAt(1, 'train', index))));
  expect(again).toBe(a);
  expect(b).not.toBe(a);
});

/** RGB in the middle of a subject at the first frame. Every shape covers its centre. */
function centreColours(index: number) {
  const scene = sceneAt(1, 'train', index);
  const [frame] = drawFrames(scene);
  return statesAt(scene.subjects, 0).map(({ x, y }, i) => {
    const at = (Math.round(y) * CANVAS + Math.round(x)) * 4;
    return { colour: scene.subjects[i]!.colour, rgb: [...frame!.subarray(at, at + 3)] as [number, number, number] };
  });
}

test('paints subjects in their colour, far from any background', () => {
  for (let index = 0; index < 30; index++)
    for (const { colour, rgb } of centreColours(index)) {
      const [r, g, b] = rgb;
      expect(Math.max(...rgb), `${colour} in scene ${index}`).toBeGreaterThan(140);
      if (colour === 'red') expect(r).toBeGreaterThan(g + b);
      if (colour === 'green') expect(g).toBeGreaterThan(1.5 * Math.max(r, b));
      if (colour === 'blue') expect(b).toBeGreaterThan(1.5 * Math.max(r, g));
      if (colour === 'yellow') expect(Math.min(r, g)).toBeGreaterThan(2.5 * b);
      if (colour === 'purple') expect(Math.min(r, b)).toBeGreaterThan(2 * g);
      if (colour === 'white') expect(Math.min(...rgb)).toBeGreaterThan(180);
    }
});
