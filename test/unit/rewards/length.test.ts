import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Sample } from '../../../core/sample.ts';
import { unscorable, value } from '../../../core/score.ts';
import { LengthConfig, length, lengthScore } from '../../../rewards/length.ts';
import { documentFrequencies } from '../../../rewards/reference/cider-d.ts';
import { TokenF1 } from '../../../rewards/think/token-f1.ts';
import { naming } from '../../refusal.ts';

const sample: Sample = { id: 'a', video: { path: '/v.mp4', sha256: '', bytes: 1 }, caption: '' };
const score = (config: object, completions: { caption?: string; tokens?: number }[]) =>
  length.score(
    { sample, completions: completions.map((each) => ({ wellFormed: false, ...each })) },
    LengthConfig.parse(config),
    { similarity: () => new TokenF1(), documentFrequencies: async () => documentFrequencies([]) },
  );

test('is 1 within the range, both ends included, and falls linearly to 0', () => {
  const config = { min: 10, max: 20, fallOff: 5 };
  expect([4, 5, 6, 9, 10, 15, 20, 21, 24, 25, 99].map((n) => lengthScore(n, config))).toEqual(
    [0, 0, 0.2, 0.8, 1, 1, 1, 0.8, 0.2, 0, 0].map((expected) => expect.closeTo(expected, 12)),
  );
});

test('stays in its range, and falls with the distance to the wanted lengths', () => {
  const size = fc.nat(500);
  fc.assert(
    fc.property(size, size, fc.integer({ min: 1, max: 500 }), size, (min, more, fallOff, units) => {
      const config = { min, max: min + more, fallOff };
      const here = lengthScore(units, config);
      expect(here).toBeGreaterThanOrEqual(0);
      expect(here).toBeLessThanOrEqual(1);
      if (units >= min) expect(lengthScore(units + 1, config)).toBeLessThanOrEqual(here);
      else expect(lengthScore(units + 1, config)).toBeGreaterThanOrEqual(here);
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('counts the words of the caption; a completion without one is worth 0', async () => {
  const completions = [{ caption: ' A red\n star  grows. ' }, { caption: 'A star.' }, {}];
  expect(await score({ min: 0, max: 3, fallOff: 2 }, completions)).toEqual([value(0.5), value(1), value(0)]);
});

test('or all tokens of the completion; what was written elsewhere has no number of them', async () => {
  expect(await score({ unit: 'tokens', min: 4, max: 8, fallOff: 4 }, [{ tokens: 9 }, { caption: 'A star.' }])).toEqual([
    value(0.75),
    unscorable('Its number of tokens is not known.'),
  ]);
});

test('refuses a range that ends before it begins', () => {
  expect(LengthConfig.safeParse({ min: 9, max: 8, fallOff: 1 }).error?.issues[0]).toMatchObject({
    path: ['max'],
    message: naming('min'),
  });
});
