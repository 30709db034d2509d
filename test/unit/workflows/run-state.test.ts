import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSnapshot } from '../../../contracts/run-state.ts';
import type { JudgeGate } from '../../../workflows/judge-gate.ts';
import { RunState } from '../../../workflows/run-state.ts';
import { runSummary } from '../../../workflows/run-summary.ts';
import type { StepOutcome } from '../../../workflows/step.ts';

const REF = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const POLICY = { model: 'tiny', step: 0, weights: REF };

function runOf(overrides: object = {}): RunState {
  const config = ExperimentConfig.parse({
    algorithm: { kind: 'grpo', steps: 6, samplesPerStep: 4 },
    benchmark: { everySteps: 3 },
    ...overrides,
  });
  const snapshot: RunSnapshot = {
    runKey: 'r',
    config,
    startTime: 0,
    dataset: { manifest: REF, digest: 'd', train: 40 },
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

const evaluationAt = (step: number) => ({
  ...{ step, metrics: {}, captions: REF, details: REF, policy: POLICY },
  judge: { model: 'rule-based (no LLM)', prompts: [] },
});
const outcome = (more: Partial<StepOutcome> = {}): StepOutcome => ({
  ...{ policy: POLICY, metrics: {}, usage: { calls: 0, cost: 0 }, seconds: 1 },
  ...more,
});
const gate = {} as JudgeGate;

describe('RunState', () => {
  it('gives the next step all that it works on, and whether another follows', () => {
    const run = runOf();
    run.snapshot.step = 4;
    run.snapshot.spent = { usd: 1, calls: 3 };
    const step = run.nextStep(gate);
    expect(step).toMatchObject({
      ...{ config: run.config, place: { runKey: 'r', step: 5 }, policy: POLICY, reference: POLICY },
      ...{ dataset: { manifest: REF, train: 40 } },
    });
    expect(step.spent()).toEqual({ usd: 1, calls: 3 });
    expect([step.gate, step.clipsAhead]).toEqual([gate, undefined]);
    run.snapshot.step = 5;
    expect(run.nextStep(gate).isLast(6)).toBe(true);
    run.limit({ maxSteps: 7 });
    expect(run.nextStep(gate).isLast(6)).toBe(false);
  });

  it('gives a step the judge with the budget that holds when the step asks it, not when the step began', () => {
    const run = runOf({ judge: { kind: 'llm', model: 'm', budget: { calls: 9 } } });
    const step = run.nextStep(gate);
    expect(step.judge()).toMatchObject({ budget: { calls: 9 } });
    run.limit({ judgeBudgetCalls: 20 });
    expect(step.judge()).toMatchObject({ budget: { calls: 20 } });
  });

  it('shows what the judge has cost as soon as it has answered, and counts it once', () => {
    const run = runOf({ judge: { kind: 'llm', model: 'm' } });
    const before = structuredClone(run.snapshot);
    const { onJudged } = run.nextStep(gate);
    expect(run.status({ paused: false })).not.toHaveProperty('judge');
    onJudged({ calls: 3, cost: 0.5 });
    onJudged({ calls: 1, cost: 0.25 });
    expect(run.status({ paused: false }).judge).toEqual({ calls: 4, usd: 0.75 });
    // A benchmark beside the step has what is left of the budget.
    expect(run.benchmarkJudge.spent).toEqual({ calls: 4, usd: 0.75 });
    expect(run.snapshot).toEqual(before);
    run.advance(outcome({ usage: { calls: 4, cost: 0.75 } }));
    expect(run.status({ paused: false }).judge).toEqual({ calls: 4, usd: 0.75 });
    run.nextStep(gate);
    expect(run.status({ paused: false }).judge).toEqual({ calls: 4, usd: 0.75 });
  });

  it('with a lag of one samples with the policy before, and keeps that for an execution that continues', () => {
    const run = runOf({ algorithm: { rolloutLag: 1, steps: 5 } });
    const first = { ...POLICY, step: 1, optimizer: REF };
    expect(run.nextStep(gate).rolloutPolicy).toEqual(POLICY);
    expect(run.stepAhead(gate)).toMatchObject({ place: { step: run.snapshot.step + 2 }, rolloutPolicy: POLICY });
    const ahead = run.stepAhead(gate);
    ahead.onJudged({ calls: 2, cost: 0.5 });
    run.advance(outcome({ policy: first, usage: { calls: 0, cost: 0 } }));
    expect(run.nextStep(gate)).toMatchObject({ policy: first, rolloutPolicy: POLICY });
    expect(run.stepAhead(gate).rolloutPolicy).toEqual(first);
    expect(run.progress.rolloutPolicy).toEqual(POLICY);
    // What the step ahead has paid counts, and stays when the step before it is recorded.
    expect(run.nextStep(gate).spent()).toEqual({ calls: 2, usd: 0.5 });
    expect(run.snapshot.spent).toEqual({ calls: 0, usd: 0 });
  });

  it('with a lag adds up what steps have paid to the last bit, however many there are', () => {
    const run = runOf({ algorithm: { rolloutLag: 1, steps: 300 } });
    const costs = [0.1, 0.2, 0.4];
    for (const cost of costs) run.nextStep(gate).onJudged({ calls: 1, cost });
    for (let step = 1; step < 300; step++) {
      for (const cost of costs) run.stepAhead(gate).onJudged({ calls: 1, cost });
      run.advance(outcome({ usage: { calls: 3, cost: 0.1 + 0.2 + 0.4 } }));
    }
    run.advance(outcome({ usage: { calls: 3, cost: 0.1 + 0.2 + 0.4 } }));
    expect(run.nextStep(gate).spent()).toEqual(run.snapshot.spent);
  });

  it('shows the part that the step under way samples or scores, and of the step ahead none before it is that', () => {
    const run = runOf({ algorithm: { rolloutLag: 1, steps: 5 } });
    const shown = () => [run.stage, run.part];
    let changes = 0;
    run.onStage = () => void changes++;
    const now = run.nextStep(gate);
    const ahead = run.stepAhead(gate);
    now.onStage('scoring', { number: 1, of: 2 });
    ahead.onStage('rollout', { number: 2, of: 2 });
    expect(shown()).toEqual(['scoring', { number: 1, of: 2 }]);
    expect(run.details({ paused: false })).toContain('**step 0 of 5**, then part 1 of 2 of a round; scoring');
    now.onStage('update');
    expect(shown()).toEqual(['update', undefined]);
    run.advance(outcome());
    run.stage = 'benchmark';
    ahead.onStage('scoring', { number: 1, of: 2 });
    expect(shown()).toEqual(['benchmark', undefined]);
    run.nextStep(gate).onStage('scoring');
    ahead.onStage('scoring', { number: 2, of: 2 });
    expect(shown()).toEqual(['scoring', { number: 2, of: 2 }]);
    expect(changes).toBe(5);
  });

  describe('without a judge for benchmarks', () => {
    it("gives benchmarks the run's judge and its bill", () => {
      const run = runOf({ judge: { kind: 'llm', model: 'm', budget: { calls: 9 } } });
      run.spend({ calls: 2, cost: 1 });
      run.spendOnBenchmark({ calls: 3, cost: 1 });
      expect(run.benchmarkJudge).toEqual({ judge: run.judge, spent: { calls: 5, usd: 2 } });
      expect(run.snapshot).not.toHaveProperty('benchmarkSpent');
      expect(run.status({ paused: false })).not.toHaveProperty('benchmarkJudge');
    });
  });

  describe('with a judge for benchmarks', () => {
    const other = { kind: 'llm', model: 'other', budget: { calls: 7 } };

    it('gives them that one, with a budget and a bill of its own', () => {
      const run = runOf({ benchmark: { judge: other } });
      run.spend({ calls: 2, cost: 1 });
      expect(run.benchmarkJudge.spent).toEqual({ calls: 0, usd: 0 });
      run.spendOnBenchmark({ calls: 3, cost: 0.5 });
      run.limit({ judgeBudgetCalls: 1 });
      expect(run.benchmarkJudge).toMatchObject({
        ...{ judge: { model: 'other', budget: { calls: 7 } }, judgeSection: 'benchmark.judge' },
        spent: { calls: 3, usd: 0.5 },
      });
      run.limit({ benchmarkJudgeBudgetCalls: 70, benchmarkJudgeBudgetUsd: 2 });
      expect(run.benchmarkJudge.judge).toMatchObject({ budget: { calls: 70, usd: 2 } });
      expect(run.judge).toEqual({ kind: 'rule-based' });
      expect(run.status({ paused: false })).toMatchObject({
        ...{ judge: { calls: 2, usd: 1 }, benchmarkJudge: { calls: 3, usd: 0.5 } },
      });
      expect(run.details({ paused: false })).toContain('Judge of benchmarks: 3 calls, 0.50 USD');
      expect(run.progress.benchmarkSpent).toEqual({ calls: 3, usd: 0.5 });
    });
  });

  it('shows the stage that its step says it is in', () => {
    const run = runOf();
    run.nextStep(gate).onStage('rollout');
    expect(run.status({ paused: false }).stage).toBe('rollout');
  });

  it('changes by the outcome of a step, and by nothing before that', () => {
    const run = runOf();
    const before = structuredClone(run.snapshot);
    const policy = { ...POLICY, step: 1 };
    const clipsAhead = { step: 2, clips: REF };
    run.nextStep(gate);
    expect(run.snapshot).toEqual(before);
    const metrics = { 'reward/mean': 1 };
    run.advance(outcome({ policy, metrics, usage: { calls: 5, cost: 0.25 }, seconds: 2, clipsAhead }));
    expect(run.snapshot).toEqual({
      ...before,
      ...{ step: 1, policy, lastMetrics: metrics, secondsPerStep: 2, clipsAhead },
      spent: { calls: 5, usd: 0.25 },
    });
    expect(run.nextStep(gate)).toMatchObject({ place: { step: 2 }, policy, reference: POLICY, clipsAhead });
    run.advance(outcome({ usage: { calls: 1, cost: 0.5 }, seconds: 8 }));
    expect(run.snapshot).toMatchObject({ spent: { calls: 6, usd: 0.75 }, secondsPerStep: 0.8 * 2 + 0.2 * 8 });
  });

  it('makes its policy, without optimiser state, the reference policy every refreshReferenceEvery steps', () => {
    const run = runOf({ algorithm: { refreshReferenceEvery: 2 } });
    const policy = (step: number) => ({ ...POLICY, step, optimizer: REF });
    const references = [1, 2, 3, 4].map((step) => {
      run.advance(outcome({ policy: policy(step) }));
      return run.nextStep(gate).reference;
    });
    expect(references.map(({ step }) => step)).toEqual([0, 2, 2, 4]);
    expect(references[1]).toEqual({ ...POLICY, step: 2 });
    expect(run.progress).toMatchObject({ step: 4, reference: { step: 4 }, policy: { optimizer: REF } });
  });

  it('says of a part that is not there yet that a stage was called out of order', () => {
    const { policy, ...snapshot } = runOf().snapshot;
    expect(() => new RunState(snapshot).nextStep(gate)).toThrow('The run has no policy yet');
  });

  it('keeps the first and the last of many benchmark results, and no more of them than a snapshot can carry', () => {
    const run = runOf();
    for (let step = 0; step <= 10_000; step += 10) {
      run.snapshot.step = step;
      run.keep(evaluationAt(step));
      expect(run.evaluationNow?.step).toBe(step);
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
      run.advance(outcome());
    }
    expect(steps).toEqual([0, 3, 6]);
    expect(run.shouldEvaluate).toBe(false);
  });

  it('tells where it is', () => {
    const run = runOf();
    run.advance(outcome({ metrics: { 'reward/mean': 1.5, 'train/kl': 0.01 }, seconds: 2 }));
    expect(run.status({ paused: false })).toMatchObject({
      step: 1,
      totalSteps: 6,
      rewardMean: 1.5,
      kl: 0.01,
      etaSeconds: 10,
    });
    expect(run.status({ paused: true }).stage).toBe('paused');
  });

  it('exports the best policy, keeps its evaluation and its checkpoint, and ends early', () => {
    const run = runOf({ checkpoints: { best: { metric: 'eventF1', patience: 2 } } });
    const policyOf = (step: number) => ({ ...POLICY, step });
    const measure = (step: number, eventF1: number) => {
      run.snapshot.step = step;
      run.snapshot.policy = policyOf(step);
      run.keep({ ...evaluationAt(step), metrics: { eventF1 }, policy: policyOf(step) });
    };
    measure(0, 50);
    measure(1, 60);
    measure(2, 55);
    expect([run.finished, run.nextStep(gate).keep]).toEqual([false, [1, 0]]);
    measure(3, 59);
    expect(run.finished).toBe(true);
    expect(run.exportedPolicy).toEqual(policyOf(1));
    expect(runSummary(run, REF, '/m')).toMatchObject({
      ...{ steps: 3, policy: { step: 1 }, trained: { step: 1 } },
      best: { step: 1, metric: 'eventF1', value: 60, endedEarly: expect.stringContaining('eventF1 has not risen') },
    });
    expect(run.status({ paused: false }).best).toMatchObject({ step: 1, value: 60 });
    expect(run.details({ paused: false })).toContain('**Best checkpoint** step 1, eventF1 60');
    expect(run.progress.best).toMatchObject({ step: 1, waited: 2 });
  });

  it('exports the last policy where the config does not ask for the best', () => {
    const run = runOf();
    for (const step of [0, 1]) run.keep({ ...evaluationAt(step), metrics: { eventF1: 50 - step } });
    expect([run.exported.step, run.best, run.nextStep(gate).keep]).toEqual([1, undefined, []]);
  });
});
