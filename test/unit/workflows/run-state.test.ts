import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { type RunSnapshot, RunState } from '../../../workflows/run-state.ts';

const REF = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const POLICY = { model: 'tiny', step: 0, weights: REF };

function runOf(samples: number, overrides: object = {}): RunState {
  const config = ExperimentConfig.parse({
    grpo: { steps: 6, samplesPerStep: 4 },
    benchmark: { everySteps: 3 },
    ...overrides,
  });
  const snapshot: RunSnapshot = {
    runKey: 'r',
    config,
    startTime: 0,
    dataset: { manifest: REF, digest: 'd', trainIds: Array.from({ length: samples }, (_, i) => `s${i}`) },
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

describe('RunState', () => {
  it('gives every sample once per epoch', () => {
    const run = runOf(12);
    const epoch = [0, 1, 2].flatMap(() => {
      const batch = run.nextBatch();
      run.advance(POLICY, {}, 1);
      return batch;
    });
    expect(new Set(epoch).size).toBe(12);
  });

  it('orders epochs differently', () => {
    const run = runOf(4);
    const first = run.nextBatch();
    run.advance(POLICY, {}, 1);
    const second = run.nextBatch();
    expect([...second].sort()).toEqual([...first].sort());
    expect(second).not.toEqual(first);
  });

  it('draws the same batch for a step however the run got there', () => {
    const run = runOf(12);
    run.advance(POLICY, {}, 1);
    run.advance(POLICY, {}, 1);
    const resumed = new RunState(JSON.parse(JSON.stringify(run.snapshot)));
    expect(resumed.nextBatch()).toEqual(run.nextBatch());
  });

  it('takes every sample when there are fewer than a step wants', () => {
    expect(runOf(3).nextBatch().sort()).toEqual(['s0', 's1', 's2']);
  });

  it('evaluates before the first step, at the interval, and after the last', () => {
    const run = runOf(12);
    const steps: number[] = [];
    for (;;) {
      if (run.shouldEvaluate) {
        steps.push(run.snapshot.step);
        run.snapshot.evaluations.push({
          step: run.snapshot.step,
          metrics: {},
          captions: REF,
          details: REF,
          policy: POLICY,
        });
      }
      if (run.finished) break;
      run.advance(POLICY, {}, 1);
    }
    expect(steps).toEqual([0, 3, 6]);
    expect(run.shouldEvaluate).toBe(false);
  });

  it('tells where it is', () => {
    const run = runOf(12);
    run.advance(POLICY, { 'reward/mean': 1.5, 'train/kl': 0.01 }, 2);
    expect(run.status(false)).toMatchObject({ step: 1, totalSteps: 6, rewardMean: 1.5, kl: 0.01, etaSeconds: 10 });
    expect(run.status(true).stage).toBe('paused');
  });
});
