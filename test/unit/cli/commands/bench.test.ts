import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceOf, whatToMeasure } from '../../../../cli/commands/bench.ts';

describe('what is measured', () => {
  it.each([
    ['tiny', undefined, false, { checkpoint: 'tiny', suite: 'held-out' }],
    ['tiny', 'dream1k', false, { checkpoint: 'tiny', suite: 'dream1k' }],
    // A model folder may be named like a suite.
    ['dream1k', undefined, false, { checkpoint: 'dream1k', suite: 'held-out' }],
    ['dream1k', undefined, true, { suite: 'dream1k' }],
  ] as const)('%s %s, predictions %s', (first, second, predictions, expected) =>
    expect(whatToMeasure(first, second, predictions)).toEqual(expected),
  );

  it.each([
    [undefined, undefined, false, /^Which checkpoint\?/],
    ['tiny', 'dream1k', true, /no checkpoint: .* dream1k --predictions/],
    ['tiny', undefined, true, /takes a published benchmark/],
    ['held-out', undefined, true, /takes a published benchmark/],
  ] as const)('%s %s, predictions %s is refused', (first, second, predictions, sentence) =>
    expect(() => whatToMeasure(first, second, predictions)).toThrow(sentence),
  );
});

describe('where a benchmark is', () => {
  it('has absolute paths, since workers run elsewhere', () => {
    expect(sourceOf('dream1k', { annotations: 'a.jsonl', videos: 'v', limit: 3 })).toEqual({
      annotations: resolve('a.jsonl'),
      videos: resolve('v'),
      limit: 3,
      quirks: [],
    });
  });

  it('carries choices and what captions are made with, nested as in a config', () => {
    const captioning = { like: 'run', 'frames.count': 4, 'frames.maxPixels': 7056, prompt: 'What happens?' };
    expect(
      sourceOf('vdc', { annotations: 'a', videos: 'v', quirk: ['dropZeros'], variant: ['leaveOutEmpty'], captioning }),
    ).toMatchObject({
      ...{ quirks: ['dropZeros'], variants: ['leaveOutEmpty'] },
      captioning: { like: 'run', frames: { count: 4, maxPixels: 7056 }, prompt: 'What happens?' },
    });
  });

  const ownCaptioning = (captioning: object) => ({ annotations: 'a', videos: 'v', captioning: { ...captioning } });
  it.each([
    ['held-out', { captioning: { maxNewTokens: 3 } }, /^--captioning is for a published benchmark/],
    ['held-out', { variant: ['answerOnly'] }, /^--variant is for a published benchmark/],
    [
      'vdc',
      { annotations: 'a', predictions: 'p', captioning: { maxNewTokens: 3 } },
      /predictions are captions already/,
    ],
    ['vdc', ownCaptioning({ 'frames.count': 3 }), /^--captioning frames\.count: .*multiple of 2/],
    ['vdc', ownCaptioning({ 'frames.size': 3 }), /^--captioning frames: /],
    ['vdc', ownCaptioning({ framse: 3 }), /^--captioning framse: Unrecognized key/],
    ['vdc', ownCaptioning({ 'frames.count.most': 3 }), /^--captioning frames\.count\.most: write a field, such as/],
  ] as const)('%s %j is refused', (suite, options, sentence) =>
    expect(() => sourceOf(suite, options as never)).toThrow(sentence),
  );

  it.each([
    ['held-out', { limit: 3 }, /^--limit is for a published benchmark/],
    ['dream1k', { videos: 'v' }, /needs --annotations/],
    ['dream1k', { annotations: 'a' }, /dream1k needs --videos.* --predictions/],
    ['dream1k', { annotations: 'a', videos: 'v', predictions: 'p' }, /not both/],
  ] as const)('%s %j is refused', (suite, options, sentence) =>
    expect(() => sourceOf(suite, options)).toThrow(sentence),
  );
});
