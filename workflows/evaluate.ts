import { decodingOf } from '../benchmarks/benchmark-config.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import type { JudgeGate } from './judge-gate.ts';
import { divergedPolicy } from './not-finite.ts';
import type { RunState } from './run-state.ts';
import { judgeActivities, policyActivities } from './stages.ts';
import { evaluateSuites, suiteMetrics } from './suites.ts';

/**
 * Benchmarks the run's policy on the held-out split, and with `suites` on published benchmarks too. A measurement of
 * this step that the run has already is not repeated, since its judge calls were paid for.
 */
export async function evaluate(
  run: RunState,
  gate: JudgeGate,
  { suites: withSuites = false } = {},
): Promise<Evaluation> {
  const heldOut = run.evaluationNow ?? (await evaluateHeldOut(run, gate));
  return withSuites ? addSuites(run, gate, heldOut) : heldOut;
}

/**
 * What a run ends with: its last policy on the held-out split, and the policy that it exports on the published
 * benchmarks.
 */
export async function evaluateFinally(run: RunState, gate: JudgeGate): Promise<void> {
  if (!run.evaluationNow) run.keep(await evaluate(run, gate));
  run.keep(await addSuites(run, gate, run.exported));
}

async function addSuites(run: RunState, gate: JudgeGate, evaluation: Evaluation): Promise<Evaluation> {
  const suites = await evaluateSuites(run, gate, evaluation);
  if (suites.length === 0) return evaluation;
  return { ...evaluation, metrics: { ...evaluation.metrics, ...suiteMetrics(suites) }, suites };
}

/** Captions of the held-out split, then the scorers. */
async function evaluateHeldOut(run: RunState, gate: JudgeGate): Promise<Evaluation> {
  const { config, place, manifest, policy } = run;
  run.stage = 'benchmark';
  const { captions } = await run.divergence.through(
    () =>
      policyActivities(config.policy.engine).captionClips({
        ...place,
        policy,
        engine: config.policy.engine,
        clips: run.heldOutClips,
        list: 'held-out',
        output: config.prompt.output,
        maxNewTokens: config.benchmark.maxNewTokens,
        decoding: decodingOf(config.benchmark),
        seed: config.seed,
      }),
    (sentence) => divergedPolicy(config, policy.step, sentence),
  );
  const { metrics, details, usage, judge, made } = await gate.through(() =>
    judgeActivities.scoreBenchmark({
      ...place,
      suite: 'held-out',
      captions,
      manifest,
      reward: config.reward,
      metrics: config.benchmark.metrics,
      madeWith: {
        frames: config.frames,
        maxNewTokens: config.benchmark.maxNewTokens,
        decoding: decodingOf(config.benchmark),
      },
      ...run.benchmarkJudge,
    }),
  );
  run.spendOnBenchmark(usage);
  return { step: place.step, metrics, captions, details, policy, judge, ...(made && { made }) };
}
