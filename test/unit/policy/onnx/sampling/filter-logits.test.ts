import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenFilters } from '../../../../../core/token-filters.ts';
import { filterLogits } from '../../../../../policy/onnx/sampling/filter-logits.ts';
import { drawToken, logProbability } from '../../../../../policy/onnx/sampling/sampler.ts';

interface Case {
  name: string;
  processors: string[];
  settings: TokenFilters & { temperature: number };
  suppressed: number[];
  seen: number[];
  logits: number[];
  logProbs: (number | null)[];
}

/** Made by `workers/torch/videocap_torch/filter_fixtures.py` with the logits processors of `transformers` 5.23. */
const { cases } = JSON.parse(
  readFileSync(new URL('../../../../fixtures/policy/token-filters.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const OFF = TokenFilters.parse({});

describe('as transformers has it', () => {
  test.each(cases)('$name', ({ settings, seen, logits, logProbs, ...rest }) => {
    const suppressed = Uint8Array.from(logits, (_, token) => (rest.suppressed.includes(token) ? 1 : 0));
    const filtered = filterLogits(Float32Array.from(logits), { ...settings, suppressed }, seen);
    const left = [...filtered.keys()].filter((token) => filtered[token] !== Number.NEGATIVE_INFINITY);
    const expected = [...logProbs.keys()].filter((token) => logProbs[token] !== null);
    const chances = (tokens: number[]) => tokens.map((token) => logits[token]!).sort((a, b) => a - b);
    // Which of several equal tokens top-p leaves is any of them there: its sort is not stable.
    if (new Set(logits).size === logits.length) expect(left).toEqual(expected);
    else if (settings.repetitionPenalty === 1) expect(chances(left)).toEqual(chances(expected));
    const rule = { temperature: settings.temperature || 1, suppressed };
    const sorted = (values: number[]) => values.sort((a, b) => a - b);
    const found = sorted(left.map((token) => logProbability(filtered, rule, token)));
    const wanted = sorted(expected.map((token) => logProbs[token]!));
    expect(found.length).toBe(wanted.length);
    for (const [i, logProb] of found.entries()) expect(logProb).toBeCloseTo(wanted[i]!, 5);
    for (const token of left.filter((one) => logProbs[one] !== null))
      expect(logProbability(filtered, rule, token)).toBeCloseTo(logProbs[token]!, 5);
  });

  test('the fixtures hold every processor, and ties', () => {
    expect([...new Set(cases.flatMap(({ processors }) => processors))]).toEqual([
      'SuppressTokensLogitsProcessor',
      'TemperatureLogitsWarper',
      'TopKLogitsWarper',
      'TopPLogitsWarper',
      'MinPLogitsWarper',
      'RepetitionPenaltyLogitsProcessor',
    ]);
    expect(cases.filter(({ name }) => name.endsWith('ties')).length).toBeGreaterThan(5);
  });
});

test('logits of a policy that has diverged are refused, not filtered out', () => {
  const suppressed = new Uint8Array(3);
  for (const filters of [{ topK: 1 }, { topP: 0.5 }, { minP: 1 }, { repetitionPenalty: 2 }])
    for (const logit of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const rule = { topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, ...filters, temperature: 1, suppressed };
      expect(() => filterLogits(Float32Array.of(logit, 1, 2), rule, [1])).toThrow('its weights have diverged');
    }
});

const someLogits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 30 });
const someFilters = fc.record({
  topK: fc.nat(40),
  topP: fc.double({ min: 0.001, max: 1, noNaN: true }),
  minP: fc.double({ min: 0, max: 1, noNaN: true }),
  repetitionPenalty: fc.double({ min: 0.1, max: 3, noNaN: true }),
});

test('at least one token stays, the likeliest, and those that stay keep their order', () => {
  fc.assert(
    fc.property(someLogits, someFilters, fc.array(fc.nat(29)), (logits, filters, seen) => {
      const values = Float32Array.from(logits);
      const rule = { ...filters, temperature: 0.8, suppressed: new Uint8Array(values.length) };
      const penalised = filterLogits(values, { ...rule, ...OFF, repetitionPenalty: filters.repetitionPenalty }, seen);
      const filtered = filterLogits(values, rule, seen);
      expect(Math.max(...filtered)).toBe(Math.max(...penalised));
      for (const [token, logit] of filtered.entries())
        if (logit !== Number.NEGATIVE_INFINITY) expect(logit).toBe(penalised[token]);
      expect([...values]).toEqual(logits);
    }),
  );
});

test('a draw never takes what was filtered out, and its log-probability is that of what was left', () => {
  fc.assert(
    fc.property(
      someLogits,
      someFilters,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (logits, filters, uniform) => {
        const rule = { temperature: 1.3, suppressed: new Uint8Array(logits.length) };
        const filtered = filterLogits(Float32Array.from(logits), { ...filters, ...rule }, []);
        const { token, logProb } = drawToken(filtered, rule, uniform);
        expect(filtered[token]).not.toBe(Number.NEGATIVE_INFINITY);
        expect(logProb).toBe(logProbability(filtered, rule, token));
        expect(logProb).toBeGreaterThanOrEqual(logProbability(Float32Array.from(logits), rule, token) - 1e-9);
      },
    ),
  );
});

test('all off leaves the logits as they are, but for suppressed tokens', () => {
  const logits = Float32Array.of(1, -2, 3);
  const rule = { ...OFF, temperature: 1, suppressed: Uint8Array.of(0, 0, 1) };
  expect(filterLogits(logits, rule, [0, 1])).toEqual(Float32Array.of(1, -2, Number.NEGATIVE_INFINITY));
});

test('of equally likely tokens top-p leaves those with the lower ids, as a greedy choice does', () => {
  const rule = { ...OFF, topP: 0.5, temperature: 1, suppressed: new Uint8Array(4) };
  expect(filterLogits(Float32Array.of(1, 1, 1, 1), rule, [])).toEqual(
    Float32Array.of(1, 1, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
});
