import { describe, expect, test } from 'vitest';
import { measureWithBounds } from '../../../../benchmarks/bootstrap.ts';
import { NO_CAREBENCH_CAPTION } from '../../../../benchmarks/carebench/carebench-score.ts';
import { careBenchSummary } from '../../../../benchmarks/carebench/carebench-summary.ts';

describe('careBenchSummary', () => {
  test('points by hand, each with bounds around it', async () => {
    const clips = [
      { action: { recall: 1, precision: 0.5 }, object: { recall: 0.5, precision: 0.5 } },
      { action: { recall: 0, precision: 0 }, object: { recall: 0.5, precision: 0.5 } },
    ];
    const { metrics } = await careBenchSummary(clips, measureWithBounds);
    // Actions: R = 1/2, P = 1/4, F1 = 2 * (1/8) / (3/4) = 1/3. Objects: R = P = F1 = 1/2.
    expect(metrics.actionRecall).toBe(50);
    expect(metrics.actionPrecision).toBe(25);
    expect(metrics.actionF1).toBeCloseTo(100 / 3, 10);
    expect(metrics.objectF1).toBe(50);
    expect(metrics.meanF1).toBeCloseTo((100 / 3 + 50) / 2, 10);
    // A resample holds the first clip 0, 1 or 2 times: F1 from 0 to 2/3.
    expect(metrics.actionF1Low).toBe(0);
    expect(metrics.actionF1High).toBeCloseTo(200 / 3, 10);
    expect([metrics.objectF1Low, metrics.objectF1High]).toEqual([50, 50]);
  });

  test('nothing told at all is 0 everywhere, not NaN', async () => {
    const { metrics } = await careBenchSummary([NO_CAREBENCH_CAPTION, NO_CAREBENCH_CAPTION], measureWithBounds);
    expect(new Set(Object.values(metrics))).toEqual(new Set([0]));
    expect(Object.keys(metrics)).toHaveLength(21);
  });

  test('without clips nothing is claimed', async () => {
    expect(await careBenchSummary([], measureWithBounds)).toEqual({ metrics: {}, tables: [] });
  });
});
