import type { SweepSummary } from '../../../contracts/sweep-results.ts';

/** Runs at a time. */
export const AT_ONCE = 2;
/** Of the judge: answers that are on their way when the worker dies are asked for again. */
export const QUESTIONS_AT_ONCE = 2;

/** Two arms x two seeds, and an arm whose start policy does not exist. */
export function sweepFile(judgeUrl: string): object {
  return {
    ...{ name: 'killed', config: 'quickstart', metric: 'eventF1', reference: 'sft', seeds: [1, 2] },
    concurrency: AT_ONCE,
    budget: { calls: 5000 },
    set: {
      'algorithm.steps': 2,
      'algorithm.iterations': 1,
      'algorithm.samplesPerStep': 2,
      'sampling.groupSize': 2,
      'sampling.maxNewTokens': 32,
      'benchmark.everySteps': 0,
      'benchmark.maxNewTokens': 32,
      'dataset.trainSamples': 2,
      'dataset.heldOutSamples': 4,
      // High enough that captions change within two steps, and so the table.
      'algorithm.optimizer.learningRate': 1e-3,
      'reward.think.similarity': 'token-f1',
      'policy.engine.threads': 1,
      judge: {
        ...{ kind: 'llm', baseUrl: judgeUrl, model: 'rules', apiKeyEnv: 'CHAOS_JUDGE_KEY' },
        concurrency: QUESTIONS_AT_ONCE,
      },
    },
    arms: {
      sft: { set: { algorithm: { kind: 'sft', steps: 2, samplesPerStep: 2, optimizer: { learningRate: 1e-3 } } } },
      grpo: {},
      broken: { seeds: [1], set: { 'policy.model': 'run:never-made@2' } },
    },
  };
}

/** The runs of the arms that can end, in the order of the plan. */
export const FINISHED = ['sft 1 finished', 'grpo 1 finished', 'sft 2 finished', 'grpo 2 finished'];

/** What depends on time: which of two arms at once has paid for an answer that both use. */
const TIMES = ['seconds', 'judgeCalls', 'judgeUsd'];

/** All of the table, byte by byte, but times, and what the sweep is called. */
export const tableOf = ({ result, runKey }: SweepSummary): string =>
  JSON.stringify(result, (key, value) => (TIMES.includes(key) ? undefined : value), 1).replaceAll(runKey, 'SWEEP');

/** Questions to the judge that the sweep's runs count as paid, together. */
export const paidBy = ({ result }: SweepSummary): number =>
  result.conditions.flatMap(({ rows }) => rows).reduce((sum, { judgeCalls }) => sum + judgeCalls, 0);
