import { expect, test } from 'vitest';
import { CaptionedSamples } from '../../../../datasets/annotation/annotation.ts';

test('a sample that is annotated keeps its prompt, its segment and the times of its pictures', () => {
  const samples = [
    { line: 1, sample: { video: 'a.mp4', caption: 'A dog.', prompt: 'What?', start: 1, end: 2.5 } },
    { line: 2, sample: { video: 'frames', caption: 'A dog.', times: [0, 1, 4] } },
    { line: 3, sample: { video: 'frames', caption: 'A dog.', fps: 4 } },
  ];
  expect(CaptionedSamples.parse(samples)).toEqual(samples);
});
