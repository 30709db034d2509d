import { createBenchmarkActivities } from '../../../activities/benchmark.ts';
import { createJudgeActivities } from '../../../activities/judge-completions.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { RunProgress } from '../../../contracts/run-state.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { type SyntheticRun, syntheticRun } from './synthetic-run.ts';

const NEVER_SHOWN = 'sk-never-shown';

/**
 * A synthetic run whose captions a language model has judged, at an endpoint: the ledger has its answers, the store the
 * run's state after every step. @param baseUrl of the endpoint.
 */
export async function judgedRun(store: ArtifactStore, baseUrl: string, { steps = 3, samples = 3 } = {}) {
  const judge = JudgeConfig.parse({
    kind: 'llm',
    provider: 'openai',
    model: 'judge-1',
    baseUrl,
    apiKeyEnv: 'JUDGE_API_KEY',
  });
  const env = { JUDGE_API_KEY: NEVER_SHOWN };
  const run: SyntheticRun = await syntheticRun(store, { steps, samples });
  const { runKey, manifest, heldOutClips } = run;
  const config = ExperimentConfig.parse({ ...run.config, judge });
  const { judgeCompletions } = createJudgeActivities({ store, env });
  const { scoreBenchmark } = createBenchmarkActivities({ store, home: 'unused', env });
  const evaluations = [];
  for (const evaluation of run.evaluations) {
    const { step, captions } = evaluation;
    // Another place than that of the rule-based judge, whose results are stored already.
    const place = { runKey: `${runKey}-judged`, step };
    const scored = await scoreBenchmark({
      ...place,
      suite: 'held-out',
      captions,
      manifest,
      judge,
      reward: config.reward,
    });
    evaluations.push({ ...evaluation, metrics: scored.metrics, details: scored.details, judge: scored.judge });
  }
  for (const { step, scored } of run.records) {
    if (!scored) continue;
    const place = { runKey, step, round: 0, part: 0 };
    const rollout = (await store.find(keyOf('rollout', place)))!;
    await judgeCompletions({ ...place, rollout, manifest, reward: config.reward, judge });
  }
  await store.putJson(keyOf('dataset', { runKey }), {
    ...{ manifest, digest: run.digest, train: samples, heldOut: samples, quarantined: 1 },
  });
  const policy = evaluations[0]!.policy;
  for (const { step, metrics } of run.records) {
    const progress: RunProgress = RunProgress.parse({
      ...{ config, startTime: 1, step, reference: policy, policy: { ...policy, step } },
      evaluations: evaluations.filter((each) => each.step <= step),
      ...{ spent: { usd: 0, calls: 0 }, limits: {}, lastMetrics: metrics, mirroredStep: -1 },
    });
    await store.putJson(keyOf('progress', { runKey, step }), progress);
  }
  return { ...run, config, evaluations, heldOutClips, secret: NEVER_SHOWN };
}
