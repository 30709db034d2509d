import type { PolicyRef } from '../core/policy-ref.ts';
import type { Evaluation } from '../core/stages.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { policy as engine, stage } from './stages.ts';

/** Benchmarks a policy on the held-out split: greedy captions, then the scorers. */
export async function evaluate(run: RunState, policy: PolicyRef, gate: JudgeGate): Promise<Evaluation> {
  const { config, place, manifest } = run;
  run.stage = 'benchmark';
  const { captions } = await engine.captionClips({
    ...place,
    policy,
    threads: config.policy.threads,
    clips: run.heldOutClips,
    maxNewTokens: config.benchmark.maxNewTokens,
  });
  const { metrics, details, usage } = await gate.through(() =>
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
  return { step: place.step, metrics, captions, details, policy };
}
