import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../core/sample.ts';
import { unscorable, value } from '../../../core/score.ts';
import { OverlongConfig, overlong, overlongPenalty } from '../../../rewards/overlong.ts';
import { documentFrequencies } from '../../../rewards/reference/cider-d.ts';
import { TokenF1 } from '../../../rewards/think/token-f1.ts';
import { naming } from '../../refusal.ts';

/** What `get_soft_overlong_punishment` of TRL 1.16.0 gives: `workers/torch/tests/trl_numbers.py`. */
const { overlong: golden }: { overlong: Golden[] } = JSON.parse(
  readFileSync(new URL('../../fixtures/policy/trl.json', import.meta.url), 'utf8'),
);
interface Golden {
  maxTokens: number;
  cacheTokens: number;
  tokens: number[];
  scores: number[];
}

describe('the soft overlong penalty', () => {
  test.each(golden)(
    'is that of TRL: at most $maxTokens tokens, a cache of $cacheTokens',
    ({ tokens, scores, ...limits }) => {
      expect(tokens.map((n) => overlongPenalty(n, limits))).toEqual(scores);
    },
  );

  test('of DAPO itself: free up to 16384 tokens, all of it at 20480 (section 4.1)', () => {
    const dapo = { maxTokens: 20480, cacheTokens: 4096 };
    expect([16384, 18432, 20480, 20481].map((n) => overlongPenalty(n, dapo))).toEqual([0, -0.5, -1, -1]);
  });

  test('scores the tokens of a completion, and none of a text made elsewhere', async () => {
    const sample: Sample = { id: 'a', video: { path: '/v.mp4', sha256: '', bytes: 1 }, caption: '' };
    const completions = [10, 19, undefined].map((tokens) => ({ wellFormed: false, tokens }));
    const config = OverlongConfig.parse({ maxTokens: 20, cacheTokens: 4 });
    const tools = { similarity: () => new TokenF1(), documentFrequencies: async () => documentFrequencies([]) };
    expect(await overlong.score({ sample, completions }, config, tools)).toEqual([
      value(0),
      value(-0.75),
      unscorable('Its number of tokens is not known.'),
    ]);
  });

  test('needs both lengths, and a cache within the limit', () => {
    expect(OverlongConfig.safeParse({}).error?.issues.map(({ path }) => path)).toEqual([
      ['maxTokens'],
      ['cacheTokens'],
    ]);
    expect(OverlongConfig.safeParse({ maxTokens: 8, cacheTokens: 9 }).error?.issues[0]).toMatchObject({
      path: ['cacheTokens'],
      message: naming('maxTokens'),
    });
  });
});
