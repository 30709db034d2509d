import type { Logger } from 'pino';
import { createAnnotationActivities } from '../activities/annotation.ts';
import { createBenchmarkActivities } from '../activities/benchmark.ts';
import { createDatasetActivities } from '../activities/dataset.ts';
import { createExportActivities } from '../activities/export-policy.ts';
import { createFramesActivities } from '../activities/frames.ts';
import { createJudgeActivities } from '../activities/judge-captions.ts';
import { createRecordActivities } from '../activities/record.ts';
import { createReportActivities } from '../activities/report.ts';
import { createConfigActivities } from '../activities/resolve-config.ts';
import { createRolloutActivities } from '../activities/rollout.ts';
import { createProgressActivities } from '../activities/run-progress.ts';
import { createThinkActivities } from '../activities/score-thoughts.ts';
import { createSuiteActivities } from '../activities/suites.ts';
import { createTrackingActivities } from '../activities/tracking.ts';
import { createUpdateActivities } from '../activities/update.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { PolicyEngine } from '../policy/onnx/engine/engine.ts';
import { cancellationSignal, outage, reportProgress } from './current-attempt.ts';
import type { WorkerSettings } from './settings.ts';

/** Everything that the `videocap` queue serves: one factory a stage, in the order data passes through. */
export function createActivities(settings: WorkerSettings, store: ArtifactStore, log: Logger) {
  const deps = { store, home: settings.home, onProgress: reportProgress, signal: cancellationSignal, outage, log };
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
