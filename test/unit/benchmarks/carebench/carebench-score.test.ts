import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measureWithBounds } from '../../../../benchmarks/bootstrap.ts';
import {
  careBenchScore,
  careBenchSummary,
  NO_CAREBENCH_CAPTION,
} from '../../../../benchmarks/carebench/carebench-score.ts';

const at = (recall: number, precision: number) => ({ recall, precision });

describe('careBenchScore', () => {
  test('by hand: actions R = 0.5, P = 0.25, F1 = 1/3; objects R = P = F1 = 0.6', () => {
    const score = careBenchScore([
      { action: at(1, 0.5), object: at(0.8, 0.4) },
      { action: at(0, 0), object: at(0.4, 0.8) },
    ]);
    expect(score.action).toEqual({ recall: 0.5, precision: 0.25, f1: 0.25 / 0.75 });
    expect(score.object.recall).toBeCloseTo(0.6, 12);
    expect(score.object.precision).toBeCloseTo(0.6, 12);
    expect(score.object.f1).toBeCloseTo(0.6, 12);
    expect(score.meanF1).toBeCloseTo((1 / 3 + 0.6) / 2, 12);
  });

  test('F1 is that of the means: the mean of the clips own F1 would be (2/3 + 0) / 2 for actions', () => {
    const clips = [
      { action: at(1, 0.5), object: at(1, 1) },
      { action: at(0, 0.5), object: at(1, 1) },
    ];
    expect(careBenchScore(clips).action.f1).toBe(0.5);
  });

  test('R = P = 0 gives 0 where the authors divide by zero; a clip without a caption is such a clip', () => {
    expect(careBenchScore([NO_CAREBENCH_CAPTION])).toEqual({
      action: { recall: 0, precision: 0, f1: 0 },
      object: { recall: 0, precision: 0, f1: 0 },
      meanF1: 0,
    });
  });

  test('no clips, no number', () => {
    expect(careBenchScore([]).meanF1).toBeNaN();
  });

  test('actions and objects do not touch one another', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const side = fc.record({ recall: share, precision: share });
    const clips = fc.array(fc.record({ action: side, object: side }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(clips, (all) => {
        const swapped = all.map(({ action, object }) => ({ action: object, object: action }));
        const [a, b] = [careBenchScore(all), careBenchScore(swapped)];
        expect(b).toEqual({ action: a.object, object: a.action, meanF1: a.meanF1 });
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

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
