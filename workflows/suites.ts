import type { SuiteEvaluation } from '../contracts/run-results.ts';
import type { PreparedSuite, SuiteSource } from '../contracts/suites.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { policy as engine, stage } from './stages.ts';

/** Measures a policy on the published benchmarks that the config names, one after the other. */
export async function evaluateSuites(run: RunState, policy: PolicyRef, gate: JudgeGate): Promise<SuiteEvaluation[]> {
  const results = [];
  for (const source of run.config.benchmark.suites) results.push(await evaluateSuite(run, source, gate, policy));
  return results;
}

/** One published benchmark: its clips captioned by a policy, or captions from a file, scored by its own protocol. */
export async function evaluateSuite(
  run: RunState,
  source: SuiteSource,
  gate: JudgeGate,
  policy?: PolicyRef,
): Promise<SuiteEvaluation> {
  run.stage = source.suite;
  const prepared = await stage.prepareSuite({ runKey: run.place.runKey, source, judge: run.judge });
  const captions = prepared.predictions ? [prepared.predictions] : await captionSuite(run, source, prepared, policy!);
  const {
    usage,
    seconds: _,
    ...result
  } = await gate.through(() =>
    stage.scoreSuite({
      ...run.place,
      items: prepared.items,
      captions,
      subject: policy ? `${policy.model}, step ${policy.step}` : source.predictions!,
      quirks: source.quirks,
      judge: run.judge,
      spent: run.snapshot.spent,
    }),
  );
  run.spend(usage);
  return { ...result, step: run.place.step, ...(policy && { policy }) };
}

/** `dream1k/f1`: how a run's metrics name those of its suites. */
export function suiteMetrics(suites: readonly SuiteEvaluation[]): Record<string, number> {
  return Object.fromEntries(
    suites.flatMap(({ suite, metrics }) => Object.entries(metrics).map(([name, value]) => [`${suite}/${name}`, value])),
  );
}

/** Captions the clips part by part, so that what goes wrong in one does not cost the others. */
async function captionSuite(
  run: RunState,
  { suite }: SuiteSource,
  { manifests }: PreparedSuite,
  policy: PolicyRef,
): Promise<ArtifactRef[]> {
  const { config, place } = run;
  const parts: ArtifactRef[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const { clips } = await stage.extractFrames({ manifest, samples: 'held-out', frames: config.frames });
    const { captions } = await engine.captionClips({
      ...place,
      policy,
      threads: config.policy.threads,
      clips,
      maxNewTokens: config.benchmark.maxNewTokens,
      part: `${suite}-${i + 1}`,
    });
    parts.push(captions);
  }
  return parts;
}
