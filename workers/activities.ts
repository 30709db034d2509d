import type { Logger } from 'pino';
import { createBenchmarkActivities } from '../activities/benchmark/benchmark.ts';
import { createSuiteActivities } from '../activities/benchmark/suites/suite-activities.ts';
import { createAnnotationActivities } from '../activities/dataset/annotation/annotation.ts';
import { createDatasetActivities } from '../activities/dataset/dataset.ts';
import { createFramesActivities } from '../activities/frames/frames.ts';
import { createJudgeActivities } from '../activities/judge/judge-captions.ts';
import { createRecordActivities } from '../activities/record/record.ts';
import { createProgressActivities } from '../activities/record/run-progress.ts';
import { createReportActivities } from '../activities/report/report.ts';
import { createRolloutActivities } from '../activities/rollout/rollout.ts';
import { createThinkActivities } from '../activities/think/think.ts';
import { createTrackingActivities } from '../activities/tracking/tracking.ts';
import { createExportActivities } from '../activities/update/export-policy.ts';
import { createUpdateActivities } from '../activities/update/update.ts';
import { createConfigActivities } from '../configs/resolve-config.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { PolicyEngine } from '../policy/engine.ts';
import { cancellationSignal, reportProgress, waiting } from './current-attempt.ts';
import type { WorkerSettings } from './settings.ts';

/** Everything that the `videocap` queue serves: one factory a stage, in the order data passes through. */
export function createActivities(settings: WorkerSettings, store: ArtifactStore, log: Logger) {
  const deps = { store, home: settings.home, onProgress: reportProgress, signal: cancellationSignal, waiting, log };
  const links = settings.temporalUiUrl === undefined ? {} : { temporalUiUrl: settings.temporalUiUrl };
  return {
    ...createConfigActivities(),
    ...createDatasetActivities(deps),
    ...createAnnotationActivities(deps),
    ...createFramesActivities(deps),
    ...createThinkActivities(deps),
    ...createJudgeActivities(deps),
    ...createBenchmarkActivities(deps),
    ...createSuiteActivities(deps),
    ...createRecordActivities(deps),
    ...createProgressActivities(deps),
    ...createTrackingActivities({ ...deps, mlflowUrl: settings.mlflowUrl, ...links }),
    ...createExportActivities(deps),
    ...createReportActivities({ ...deps, ...links }),
  };
}

/** Everything that the `policy-onnx` queue serves: the engine contract. */
export function createPolicyActivities(store: ArtifactStore, engine: PolicyEngine) {
  const deps = { store, engine, onProgress: reportProgress, signal: cancellationSignal };
  return { ...createRolloutActivities(deps), ...createUpdateActivities(deps) };
}

export type Activities = ReturnType<typeof createActivities>;
export type PolicyActivities = ReturnType<typeof createPolicyActivities>;
