import type { SuiteSource } from '../benchmarks/benchmark-config.ts';
import type { PreparedSuite } from '../benchmarks/suites/suite-files.ts';
import type { SuiteEvaluation } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { judgeActivities, mediaActivities, policyActivities } from './stages.ts';

/** Measures the run's policy on the published benchmarks that the config names, one after the other. */
export async function evaluateSuites(run: RunState, gate: JudgeGate): Promise<SuiteEvaluation[]> {
  const results = [];
  for (const source of run.config.benchmark.suites) results.push(await evaluateSuite(run, gate, source));
  return results;
}

/** One published benchmark: its clips captioned by the run's policy, or captions from a file, scored by its own protocol. */
export async function evaluateSuite(run: RunState, gate: JudgeGate, source: SuiteSource): Promise<SuiteEvaluation> {
  run.stage = source.suite;
  const prepared = await mediaActivities.prepareSuite({ runKey: run.place.runKey, source, judge: run.judge });
  const { predictions } = prepared;
  const captions = predictions ? [predictions] : await captionSuite(run, source, prepared);
  const {
    usage,
    seconds: _,
    ...result
  } = await gate.through(() =>
    judgeActivities.scoreSuite({
      ...run.place,
      items: prepared.items,
      captions,
      subject: predictions ? source.predictions! : `${subjectOf(run)}, step ${run.policy.step}`,
      quirks: source.quirks,
      judge: run.judge,
      spent: run.snapshot.spent,
    }),
  );
  run.spend(usage);
  return { ...result, step: run.place.step, ...(!predictions && { policy: run.policy }) };
}

/** The model that a policy is called by: of one that another run has trained, its checkpoint. */
function subjectOf({ snapshot: { trainedFrom }, config, policy }: RunState): string {
  return trainedFrom ? config.policy.model : policy.model;
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
): Promise<ArtifactRef[]> {
  const { config, place, policy } = run;
  const parts: ArtifactRef[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const { clips } = await mediaActivities.extractFrames({ manifest, samples: 'held-out', frames: config.frames });
    const { captions } = await policyActivities(config.policy.engine).captionClips({
      ...place,
      policy,
      engine: config.policy.engine,
      clips,
      list: `${suite}-${i + 1}`,
      maxNewTokens: config.benchmark.maxNewTokens,
    });
    parts.push(captions);
  }
  return parts;
}
