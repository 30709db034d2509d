import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLIP_METRICS } from '../../../benchmarks/clip-metrics.ts';
import { type ClipResult, heldOutMetrics } from '../../../benchmarks/held-out.ts';
import { compareArms, valuesOf } from '../../../benchmarks/seeds-and-clips.ts';
import { uniformAt } from '../../../core/random.ts';
import { standardDeviation } from '../../../core/statistics.ts';

const CLIPS = 120;
const think = CLIP_METRICS.think!;

/** Scores that Python makes in the same way: see the golden values below. */
function scores(seed: number, shift: number): ClipResult[] {
  return Array.from({ length: CLIPS }, (_, i) => {
    const x = Math.sin(12.9898 * i + 78.233 * seed) * 43758.5453;
    const value = Math.min(1, Math.max(0, (x - Math.floor(x)) * 0.6 + shift));
    return { sampleId: `c${i}`, tokens: 1, format: 1, rewards: {}, think: value };
  });
}

describe('arms against the reference', () => {
  test('with one seed: the paired bootstrap of scipy', async () => {
    // scipy 1.17.1: stats.bootstrap((arm - reference,), np.mean, n_resamples=50000, method='percentile').
    const found = (await compareArms([scores(1, 0.2)], [scores(2, 0.25)], think))!;
    expect(found.difference).toBeCloseTo(GOLDEN.one.difference, 6);
    expect(Math.abs(found.low - GOLDEN.one.low)).toBeLessThan(0.15);
    expect(Math.abs(found.high - GOLDEN.one.high)).toBeLessThan(0.15);
    expect(Math.abs(found.standardError - GOLDEN.one.standardError)).toBeLessThan(0.05);
    // scipy.stats.ttest_rel; a bootstrap of 120 clips is close to it.
    expect(Math.abs(found.p - GOLDEN.one.p)).toBeLessThan(0.02);
    expect(found.clips).toBe(CLIPS);
  });

  test('with three and four seeds: the same design in numpy', async () => {
    // numpy 2 and scipy 1.17, 200,000 resamples: clips drawn once for both arms, runs drawn for each, scaled by
    // sqrt(k / (k - 1)) and by t.ppf(0.975, 5) / norm.ppf(0.975).
    const arm = [1, 2, 3].map((seed) => scores(seed, 0.26 + 0.02 * seed));
    const reference = [4, 5, 6, 7].map((seed) => scores(seed, 0.2 + 0.015 * seed));
    const found = (await compareArms(reference, arm, think))!;
    expect(found.difference).toBeCloseTo(GOLDEN.seeds.difference, 6);
    expect(Math.abs(found.low - GOLDEN.seeds.low)).toBeLessThan(0.4);
    expect(Math.abs(found.high - GOLDEN.seeds.high)).toBeLessThan(0.4);
    expect(Math.abs(found.standardError - GOLDEN.seeds.standardError)).toBeLessThan(0.06);
    // numpy: np.std(..., ddof=1).
    expect(standardDeviation(valuesOf(arm, think))).toBeCloseTo(GOLDEN.deviation, 6);
  });

  test('that are equal differ by nothing, with p = 1', async () => {
    const same = [scores(1, 0.2), scores(2, 0.2)];
    const found = (await compareArms([same[0]!], [same[0]!], think))!;
    expect(found).toMatchObject({ difference: 0, low: 0, high: 0, p: 1, standardError: 0 });
  });

  test('without a clip that all have a score for are not compared', async () => {
    const other = scores(2, 0.2).map((clip) => ({ ...clip, sampleId: `other-${clip.sampleId}` }));
    expect(await compareArms([scores(1, 0.2)], [other], think)).toBeUndefined();
  });

  test('without an effect are told apart about 5 times in 100, though seeds differ', async () => {
    // 150 worlds of this kind with 30 clips: 3 in 100 with three seeds, 5 in 100 with five.
    let told = 0;
    for (let world = 0; world < 30; world++) {
      const arms = [1, 2].map((side) =>
        [1, 2, 3].map((seed) => {
          const own = 0.2 + 0.1 * uniformAt(world, ['seed', side, seed]);
          return scores(1000 * world + 10 * side + seed, own).slice(0, 12);
        }),
      );
      const found = (await compareArms(arms[0]!, arms[1]!, think))!;
      if (found.p < 0.05) told++;
    }
    expect(told).toBeLessThanOrEqual(5);
  });

  /** One or more runs on the same few clips. */
  const runs = fc
    .array(fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { minLength: 6, maxLength: 6 }), {
      ...{ minLength: 1, maxLength: 3 },
    })
    .map((seeds) => seeds.map((values) => values.map((value, i) => ({ ...scores(1, 0)[i]!, think: value }))));

  test('have bounds around, a p-value that is one, and the same result in whatever order the clips come', async () => {
    await fc.assert(
      fc.asyncProperty(runs, runs, async (reference, arm) => {
        const found = (await compareArms(reference, arm, think))!;
        expect(found.low).toBeLessThanOrEqual(found.high);
        expect(found.p).toBeGreaterThan(0);
        expect(found.p).toBeLessThanOrEqual(1);
        const reversed = [reference, arm].map((each) => each.map((clips) => [...clips].reverse()));
        expect(await compareArms(reversed[0]!, reversed[1]!, think)).toEqual(found);
        const [back] = [await compareArms(arm, reference, think)];
        expect(back!.difference).toBeCloseTo(-found.difference, 9);
      }),
      { numRuns: 10 },
    );
  });

  test('that are better by so much on every clip are ahead by so much more, with bounds that move along', async () => {
    await fc.assert(
      fc.asyncProperty(runs, runs, fc.double({ min: 0.01, max: 0.5, noNaN: true }), async (reference, arm, more) => {
        const better = arm.map((clips) => clips.map((clip) => ({ ...clip, think: clip.think! + more })));
        const [before, after] = [await compareArms(reference, arm, think), await compareArms(reference, better, think)];
        for (const what of ['difference', 'low', 'high'] as const)
          expect(after![what] - before![what]).toBeCloseTo(100 * more, 6);
        expect(after!.standardError).toBeCloseTo(before!.standardError, 6);
      }),
      { numRuns: 10 },
    );
  });
});

test('every metric has the value that the benchmark reports', () => {
  const clips = Array.from({ length: 7 }, (_, i): ClipResult => {
    const points = { recall: ((i * 37) % 10) / 10, precision: ((i * 53 + 3) % 10) / 10 };
    const counts = [9 + i, 8, 9, 8, 7, 6, 4 + (i % 3), 3, 2, 1];
    return {
      ...{ sampleId: `c${i}`, caption: 'a', tokens: 3, format: i % 2, rewards: {}, think: i / 10 },
      ...{ event: points, action: points, object: points },
      references: {
        rougeL: { score: i / 9 },
        ciderD: { score: i / 3 },
        embedding: { score: i / 8 },
        bleu4: { score: 0.1, counts },
      },
    };
  });
  const reported = heldOutMetrics(clips);
  for (const [name, metric] of Object.entries(CLIP_METRICS)) {
    expect(reported[name], name).toBeDefined();
    expect(valuesOf([clips], metric)[0], name).toBeCloseTo(reported[name]!, 5);
  }
});

/** In points. */
const GOLDEN = {
  one: { difference: 5.304053311529427, low: 0.9435583, high: 9.70034103, standardError: 2.2256137, p: 0.0189095 },
  seeds: { difference: 2.5309579516462954, low: -2.56307558, high: 7.8983806, standardError: 2.63017252 },
  deviation: 1.1530903784474174,
};
