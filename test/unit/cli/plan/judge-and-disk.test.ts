import { describe, expect, it } from 'vitest';
import { planDisk } from '../../../../cli/plan/disk-plan.ts';
import { planJudge } from '../../../../configs/judge-plan.ts';
import { ExperimentConfig } from '../../../../configs/schema.ts';

const llm = { kind: 'llm', model: 'm', baseUrl: 'http://127.0.0.1:1/v1' };
const config = (fields: object) => ExperimentConfig.parse({ judge: llm, ...fields });

describe('planJudge', () => {
  const perStep = (reward: object) => planJudge(config({ reward }), 32, 0).perStep;

  it('counts what each reward asks of a completion', () => {
    expect(perStep({})).toBe(32);
    expect(perStep({ caption: { variant: 'f1' } })).toBe(3 * 32);
    expect(perStep({ qa: { weight: 1, draws: 8 }, checklist: { weight: 1 } })).toBe((1 + 8 + 1) * 32);
  });

  it('counts the clips of every held-out benchmark, and suites for base and trained policy', () => {
    const algorithm = { kind: 'grpo', steps: 60 };
    const measured = (benchmark: object) => planJudge(config({ algorithm, benchmark }), 32, 100).benchmark;
    expect(measured({ everySteps: 10 })).toBe(7 * 3 * 100);
    expect(measured({ everySteps: 7 })).toBe(10 * 3 * 100);
    expect(measured({ everySteps: 0 })).toBe(2 * 3 * 100);
    const suite = { suite: 'dream1k', annotations: 'a', videos: 'v' };
    expect(measured({ metrics: ['rougeL'], suites: [suite] })).toBe(6000);
    expect(measured({ metrics: ['rougeL'], suites: [{ ...suite, limit: 100 }] })).toBe(600);
  });

  it('has a cost where the judge has a price', () => {
    const algorithm = { kind: 'grpo', steps: 10 };
    expect(planJudge(config({ algorithm }), 100, 0).cost).toBeUndefined();
    const price = { inputPerMillion: 1, outputPerMillion: 4 };
    const priced = planJudge(config({ algorithm, judge: { ...llm, price } }), 100, 0);
    // 1,000 questions of 700 tokens, with answers of 250.
    expect(priced.cost).toBeCloseTo(0.7 + 1, 6);
  });

  it('counts the benchmark at the price of its own judge', () => {
    const price = { inputPerMillion: 1, outputPerMillion: 4 };
    const algorithm = { kind: 'grpo', steps: 1 };
    const plan = planJudge(config({ algorithm, benchmark: { judge: { ...llm, price } } }), 100, 100);
    expect(plan.cost).toBeCloseTo(600 * (700 + 4 * 250) * 1e-6, 6);
  });

  it('asks nothing of a rule', () => {
    const plan = planJudge(ExperimentConfig.parse({}), 32, 100);
    expect(plan).toEqual({ perStep: 0, training: 0, benchmark: 0 });
  });
});

describe('planDisk', () => {
  const kept = (steps: number, keepEvery: number, checkpointEvery = 1) =>
    planDisk(
      config({ algorithm: { kind: 'grpo', steps }, checkpoints: { keepEvery } }),
      { checkpoint: 10, checkpointEvery, weights: 5, handOver: 8 },
      { clips: 2, clipBytes: 7, tokens: 3 },
    );

  it('keeps the multiples of keepEvery, and the last two', () => {
    expect([kept(60, 10), kept(62, 10), kept(61, 10), kept(60, 0), kept(1, 10)].map((disk) => disk.kept)).toEqual([
      7, 8, 7, 2, 1,
    ]);
  });

  it('keeps of steps that have recipes the checkpoints that they are rebuilt from', () => {
    expect([kept(62, 10, 5), kept(62, 10, 25), kept(60, 0, 25), kept(4, 10, 5)].map((disk) => disk.kept)).toEqual([
      6, 2, 1, 0,
    ]);
  });

  it('adds up checkpoints, weights, frames and completions', () => {
    expect(kept(60, 10)).toEqual({ checkpoints: 70, kept: 7, weights: 5, frames: 14, rollouts: 384, handOver: 8 });
  });
});
