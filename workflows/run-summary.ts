import type { RunSummary } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { present } from './present.ts';
import type { RunState } from './run-state.ts';

/** What a run gives at its end. */
export function runSummary(run: RunState, report: ArtifactRef, modelFolder: string): RunSummary {
  const { runKey, config, step, evaluations, tracking, trainedFrom, forkedFrom, identity } = run.snapshot;
  const { end, setAside, collapse, best } = run;
  return {
    runKey,
    config,
    steps: step,
    policy: run.exportedPolicy,
    modelFolder,
    base: present(evaluations[0], 'base evaluation'),
    trained: run.exported,
    report,
    ...(trainedFrom && { trainedFrom }),
    ...(forkedFrom && { forkedFrom }),
    ...(best && { best }),
    ...(end && { end }),
    ...(setAside && { setAside }),
    ...(collapse.length > 0 && { collapse }),
    ...(identity && { identity }),
    ...(tracking && { mlflowRunUrl: tracking.runUrl }),
  };
}
