import type { PolicyRef } from '../core/policy-ref.ts';
import type { Evaluation } from '../core/stages.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { policy as engine, stage } from './stages.ts';
import { evaluateSuites, suiteMetrics } from './suites.ts';

/** Benchmarks a policy on the held-out split: greedy captions, then the scorers; with `suites`, on published benchmarks too. */
export async function evaluate(
  run: RunState,
  policy: PolicyRef,
  gate: JudgeGate,
  { suites: withSuites = false } = {},
): Promise<Evaluation> {
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
  const suites = withSuites ? await evaluateSuites(run, policy, gate) : [];
  return {
    step: place.step,
    metrics: { ...metrics, ...suiteMetrics(suites) },
    captions,
    details,
    policy,
    ...(judge && { judge }),
    ...(suites.length > 0 && { suites }),
  };
}
