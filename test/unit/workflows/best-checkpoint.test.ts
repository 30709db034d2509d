import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BestConfig } from '../../../configs/best-config.ts';
import type { BestSoFar } from '../../../contracts/best.ts';
import { bestAfter, bestSteps, endedEarly, unknownMetric } from '../../../workflows/best-checkpoint.ts';

const evaluations = (values: readonly (number | undefined)[]) =>
  values.map((value, i) => ({
    step: 10 * i,
    metrics: { ...(value === undefined ? {} : { eventF1: value }) } as Record<string, number>,
  }));

/** What is known after each evaluation, of steps 0, 10, 20, ... */
function follow(values: readonly (number | undefined)[], options: object = {}) {
  const config = BestConfig.parse({ metric: 'eventF1', ...options });
  let best: BestSoFar | undefined;
  const ended: (string | undefined)[] = [];
  for (const evaluation of evaluations(values)) {
    best = bestAfter(best, evaluation, config);
    ended.push(endedEarly(best, config));
  }
  return { best, ended, endsAt: 10 * ended.findIndex(Boolean) };
}

describe('the best checkpoint', () => {
  it('has the highest value, or with mode min the lowest; of equals it is the earlier', () => {
    expect(follow([50, 60, 55, 60]).best).toMatchObject({ step: 10, value: 60, before: 0 });
    expect(follow([50, 60, 45, 45], { mode: 'min' }).best).toMatchObject({ step: 20, value: 45 });
    expect(follow([50]).best).toMatchObject({ step: 0 });
  });

  it('is that of Math.max, whatever the values are', () => {
    const value = fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const known = values.filter((each) => each !== undefined);
        const highest = values.indexOf(Math.max(...known));
        expect(follow(values).best?.step).toBe(known.length === 0 ? undefined : 10 * highest);
      }),
    );
  });

  it('does not change when an evaluation is repeated, and skips one without a value', () => {
    const config = BestConfig.parse({ metric: 'eventF1', patience: 1 });
    const { best } = follow([50, 40]);
    expect(bestAfter(best, { step: 10, metrics: { eventF1: 99 } }, config)).toEqual(best);
    expect(bestAfter(best, { step: 20, metrics: {} }, config)).toEqual(best);
    expect(bestAfter(undefined, { step: 0, metrics: { eventF1: Number.NaN } }, config)).toBeUndefined();
  });

  it('keeps the checkpoint of the one before it, from which a resumed run may have to go on', () => {
    expect(bestSteps(follow([50, 60, 70]).best)).toEqual([20, 10]);
    expect(bestSteps(follow([50, 40]).best)).toEqual([0]);
    expect(bestSteps(undefined)).toEqual([]);
  });
});

// The steps at which Lightning 2's EarlyStopping(monitor, mode, patience, min_delta) sets should_stop, worked out by
// hand from its rule `monitor_op(current - min_delta, best_score)`.
describe('early stopping', () => {
  it.each([
    [[50, 49, 48, 60], { patience: 2 }, 20],
    [[50, 49, 51, 50, 50], { patience: 2 }, 40],
    [[50, 50.5, 51.2, 51.3, 52], { patience: 2, minDelta: 1 }, 40],
    [[1, 0.9, 0.95, 0.9], { patience: 2, mode: 'min' }, 30],
    [[50, 51], { patience: 1, minDelta: 1 }, 10],
  ])('of %j with %j is at step %i', (values, options, step) => {
    expect(follow(values, options).endsAt).toBe(step);
  });

  it('never comes while values rise, nor without patience', () => {
    expect(follow([1, 2, 3, 4], { patience: 1 }).ended.some(Boolean)).toBe(false);
    expect(follow([4, 3, 2, 1]).ended.some(Boolean)).toBe(false);
  });

  it('leaves the best checkpoint to be one that was better by less than minDelta', () => {
    expect(follow([50, 50.5, 51.2, 51.3, 52], { patience: 2, minDelta: 1 }).best).toMatchObject({
      step: 40,
      value: 52,
    });
  });

  it('says why', () => {
    expect(follow([50 + 1e-9, 49, 48], { patience: 2, minDelta: 0.5 }).ended.at(-1)).toMatch(
      /eventF1 .* above 50 .* 0\.5 .* 2 evaluations/,
    );
    expect(follow([1, 2], { patience: 1, mode: 'min' }).ended.at(-1)).toMatch(/eventF1 .* below 1 .* last evaluation/);
  });
});

it('a metric that the benchmark does not have is refused with those that it has', () => {
  const config = BestConfig.parse({ metric: 'evntF1' });
  const metrics = { eventF1: 50, eventF1Low: 40, eventF1High: 60, clips: 3 };
  expect(unknownMetric({ step: 0, metrics }, config)).toMatch(
    /checkpoints\.best\.metric is "evntF1".* eventF1, clips\./,
  );
  expect(unknownMetric({ step: 0, metrics: { clips: 3, unscorable: 3 } }, config)).toBeUndefined();
});
