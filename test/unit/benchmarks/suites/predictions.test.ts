import { describe, expect, it } from 'vitest';
import { captionOf, hasTags } from '../../../../benchmarks/suites/predictions.ts';

describe('what a caption is', () => {
  it.each([
    ['<think>[]</think><answer>A cat runs.</answer>', 'A cat runs.'],
    ['A cat runs.', 'A cat runs.'],
    ['  A cat runs.\n', 'A cat runs.'],
    ['<think>let me see</think> A cat runs.', 'A cat runs.'],
    ['<think>[]</think><answer>A cat runs and', 'A cat runs and'],
    ['<think>[]</think><answer> </answer>', undefined],
    ['<think>[{"subject": "cat"', undefined],
    ['', undefined],
  ])('%j is %j', (text, caption) => expect(captionOf(text)).toBe(caption));

  it('takes linear time, whatever a file says', () => {
    expect(captionOf('<answer>'.repeat(200_000))).toContain('<answer>');
  });
});

it.each([
  ['A cat runs.', false],
  ['I think so.', false],
  ['<think>[]</think><answer>A cat runs.</answer>', true],
  ['A cat runs.</answer>', true],
])('%j has tags: %s', (text, expected) => expect(hasTags(text)).toBe(expected));
