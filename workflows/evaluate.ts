import type { Evaluation } from '../contracts/run-results.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { policy as engine, stage } from './stages.ts';
import { evaluateSuites, suiteMetrics } from './suites.ts';

/**
 * Benchmarks a policy on the held-out split, and with `suites` on published benchmarks too. What the run has measured at this
 * step is taken as it is: it was paid for.
 */
export async function evaluate(
  run: RunState,
  policy: PolicyRef,
  gate: JudgeGate,
  { suites: withSuites = false } = {},
): Promise<Evaluation> {
  const heldOut = run.evaluationNow ?? (await evaluateHeldOut(run, policy, gate));
  if (!withSuites) return heldOut;
  const suites = await evaluateSuites(run, policy, gate);
  if (suites.length === 0) return heldOut;
  return { ...heldOut, metrics: { ...heldOut.metrics, ...suiteMetrics(suites) }, suites };
}

/** Greedy captions of the held-out split, then the scorers. */
async function evaluateHeldOut(run: RunState, policy: PolicyRef, gate: JudgeGate): Promise<Evaluation> {
  const { config, place, manifest } = run;
  run.stage = 'benchmark';
  const { captions } = await engine.captionClips({
    ...place,
    policy,
    threads: config.policy.threads,
    clips: run.heldOutClips,
    maxNewTokens: config.benchmark.maxNewTokens,
  });
  const { metrics, details, usage, judge } = await gate.through(() =>
    stage.scoreBenchmark({
      ...place,
      suite: 'held-out',
      captions,
      manifest,
      judge: run.judge,
      spent: run.snapshot.spent,
      think: config.reward.think,
    }),
  );
  run.spend(usage);
  return { step: place.step, metrics, captions, details, policy, ...(judge && { judge }) };
}
