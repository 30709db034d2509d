import type { Logger } from 'pino';
import { createAnnotationActivities } from '../activities/annotation.ts';
import { createBenchmarkActivities } from '../activities/benchmark.ts';
import { createComparisonActivities } from '../activities/compare-completions.ts';
import { createCustomRewardActivities } from '../activities/custom-rewards.ts';
import { createDatasetActivities } from '../activities/dataset.ts';
import { createEndpointActivities } from '../activities/endpoint-captions.ts';
import { createExportActivities } from '../activities/export-policy.ts';
import { createFramesActivities } from '../activities/frames.ts';
import { createJudgeActivities } from '../activities/judge-completions.ts';
import { createJudgeVersionActivities } from '../activities/judge-version.ts';
import { createRecordActivities } from '../activities/record.ts';
import { createReportActivities } from '../activities/report.ts';
import { createConfigActivities } from '../activities/resolve-config.ts';
import { createRolloutActivities } from '../activities/rollout.ts';
import { createProgressActivities } from '../activities/run-progress.ts';
import { createScoreActivities } from '../activities/score-completions.ts';
import { createStartActivities } from '../activities/start.ts';
import { createSuiteActivities } from '../activities/suites.ts';
import { createSweepTrackingActivities } from '../activities/sweep-tracking.ts';
import { createSweepActivities, createSweepTableActivities } from '../activities/sweeps.ts';
import { createTrackingActivities } from '../activities/tracking.ts';
import { createUpdateActivities } from '../activities/update.ts';
import { readKeyRules } from '../configs/allowed.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import { cancellationSignal, outage, reportProgress } from './current-attempt.ts';
import type { WorkerSettings } from './settings.ts';

/** Queue `videocap`: small stages, and those that speak to MLflow. */
export function createActivities(settings: WorkerSettings, store: ArtifactStore, log: Logger) {
  const deps = depsOf(settings, store);
  return {
    ...createConfigActivities(deps),
    ...createRecordActivities(deps),
    ...createProgressActivities(deps),
    ...createStartActivities(deps),
    ...createSweepActivities(deps),
    ...createTrackingActivities({ ...deps, log, mlflowUrl: settings.mlflowUrl, tensorBoard: settings.tensorBoard }),
    ...createSweepTrackingActivities({ ...deps, log, mlflowUrl: settings.mlflowUrl }),
  };
}

/** Queue `media`: data sets, frames, reports. */
export function createMediaActivities(settings: WorkerSettings, store: ArtifactStore) {
  const deps = depsOf(settings, store);
  const { readCaptions, writeAnnotations } = createAnnotationActivities(deps);
  const { prepareSuite } = createSuiteActivities(deps);
  return {
    ...createDatasetActivities(deps),
    ...createFramesActivities(deps),
    ...{ readCaptions, writeAnnotations, prepareSuite },
    ...createReportActivities(deps),
    ...createSweepTableActivities(deps),
  };
}

/** Queue `judge`: scores of completions, benchmarks and annotations, by rules, embeddings and the judge. */
export function createJudgeQueueActivities(settings: WorkerSettings, store: ArtifactStore) {
  const deps = depsOf(settings, store);
  const { annotateBatch } = createAnnotationActivities(deps);
  const { scoreSuite } = createSuiteActivities(deps);
  return {
    ...createScoreActivities(deps),
    ...createCustomRewardActivities(deps),
    ...createJudgeActivities(deps),
    ...createComparisonActivities(deps),
    ...createJudgeVersionActivities(deps),
    ...createBenchmarkActivities(deps),
    ...{ scoreSuite, annotateBatch },
  };
}

/** Queue `policy-<engine>`: the engine contract. */
export function createPolicyActivities(settings: WorkerSettings, store: ArtifactStore, engine: PolicyEngine) {
  const deps = { ...depsOf(settings, store), engine };
  return { ...createRolloutActivities(deps), ...createUpdateActivities(deps), ...createExportActivities(deps) };
}

/** Queue `policy-openai`: what a model behind an endpoint can do of the engine contract. */
export function createCaptionerActivities(settings: WorkerSettings, store: ArtifactStore) {
  return createEndpointActivities(depsOf(settings, store));
}

function depsOf({ home, temporalUiUrl }: WorkerSettings, store: ArtifactStore) {
  return {
    store,
    home,
    onProgress: reportProgress,
    signal: cancellationSignal,
    outage,
    keyRules: () => readKeyRules(home),
    ...(temporalUiUrl !== undefined && { temporalUiUrl }),
  };
}

export type Activities = ReturnType<typeof createActivities>;
export type MediaActivities = ReturnType<typeof createMediaActivities>;
export type JudgeActivities = ReturnType<typeof createJudgeQueueActivities>;
export type PolicyActivities = ReturnType<typeof createPolicyActivities>;
