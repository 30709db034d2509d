import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSnapshot } from '../../../contracts/run-state.ts';
import { RunState } from '../../../workflows/run-state.ts';

const REF = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const POLICY = { model: 'tiny', step: 0, weights: REF };

function runOf(overrides: object = {}): RunState {
  const config = ExperimentConfig.parse({
    grpo: { steps: 6, samplesPerStep: 4 },
    benchmark: { everySteps: 3 },
    ...overrides,
  });
  const snapshot: RunSnapshot = {
    runKey: 'r',
    config,
    startTime: 0,
    dataset: { manifest: REF, digest: 'd' },
    reference: POLICY,
    policy: POLICY,
    step: 0,
    evaluations: [],
    mirroredStep: -1,
    recordedStep: -1,
    lastMetrics: {},
    spent: { usd: 0, calls: 0 },
    limits: {},
  };
  return new RunState(snapshot);
}

const evaluationAt = (step: number) => ({ step, metrics: {}, captions: REF, details: REF, policy: POLICY });

describe('RunState', () => {
  it('names the batch of a step by three numbers', () => {
    expect(runOf({ seed: 5 }).batchOf(7)).toEqual({ seed: 5, step: 7, size: 4 });
  });

  it('keeps the first and the last of many benchmark results, and no more of them than a snapshot can carry', () => {
    const run = runOf();
    for (let step = 0; step <= 10_000; step += 10) {
      run.snapshot.step = step;
      run.keep(evaluationAt(step));
      expect(run.evaluatedNow).toBe(true);
    }
    const steps = run.snapshot.evaluations.map(({ step }) => step);
    expect(steps[0]).toBe(0);
    expect(steps.at(-1)).toBe(10_000);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.length).toBeLessThanOrEqual(32);
    expect(steps.length).toBeGreaterThan(8);
  });

  it('evaluates before the first step, at the interval, and after the last', () => {
    const run = runOf();
    const steps: number[] = [];
    for (;;) {
      if (run.shouldEvaluate) {
        steps.push(run.snapshot.step);
        run.keep(evaluationAt(run.snapshot.step));
      }
      if (run.finished) break;
      run.advance(POLICY, {}, 1);
    }
    expect(steps).toEqual([0, 3, 6]);
    expect(run.shouldEvaluate).toBe(false);
  });

  it('tells where it is', () => {
    const run = runOf();
    run.advance(POLICY, { 'reward/mean': 1.5, 'train/kl': 0.01 }, 2);
    expect(run.status({ paused: false })).toMatchObject({
      step: 1,
      totalSteps: 6,
      rewardMean: 1.5,
      kl: 0.01,
      etaSeconds: 10,
    });
    expect(run.status({ paused: true }).stage).toBe('paused');
  });
});
