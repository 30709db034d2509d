import { expect, test } from 'vitest';
import { sweepSpending } from '../../../../cli/run/sweep-spending.ts';
import type { RunProgress } from '../../../../contracts/run-state.ts';
import type { SweepPlan } from '../../../../contracts/sweep-plan.ts';
import { keyOf } from '../../../../core/store-layout.ts';
import { temporaryStore } from '../../activities/stage-store.ts';
import { syntheticRun } from '../../report/synthetic-run.ts';

const PLAN: SweepPlan = {
  ...{
    name: 's',
    config: 'quickstart',
    set: {},
    metric: 'eventF1',
    reference: 'a',
    concurrency: 1,
    budget: { usd: 8 },
  },
  conditions: [{ name: 'all', set: {} }],
  arms: ['a', 'b'].map((name) => ({ name, set: {}, seeds: [1], calls: 9, steps: 2 })),
};

test('what the runs of a sweep have spent is read from their last steps', async () => {
  const store = await temporaryStore();
  const { config, evaluations } = await syntheticRun(store, { steps: 1, samples: 2 });
  const { policy } = evaluations[0]!;
  for (const step of [0, 1]) {
    const progress: RunProgress = {
      ...{ config, step, policy, reference: policy, startTime: 0, spent: { usd: step / 2, calls: 3 * step } },
      ...{ limits: {}, evaluations: [], lastMetrics: {}, mirroredStep: -1 },
    };
    await store.putJson(keyOf('progress', { runKey: 's-1.a.all.s1', step }), progress);
  }
  expect(await sweepSpending(store, 's-1', PLAN)).toEqual({ 'a.all.s1': { usd: 0.5, calls: 3 } });
  expect(await sweepSpending(store, 's-1', { ...PLAN, budget: {} })).toBeUndefined();
});
