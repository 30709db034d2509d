import type { RunSummary } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import { plus } from './judged-run.ts';
import { present } from './present.ts';
import type { RunState } from './run-state.ts';

/** What a run gives at its end. */
export function runSummary(run: RunState, report: ArtifactRef, modelFolder: string): RunSummary {
  const { runKey, config, step, evaluations, tracking, trainedFrom, forkedFrom, identity } = run.snapshot;
  const spent = plus(run.snapshot.spent, usageOf(run.snapshot.benchmarkSpent));
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
    ...(spent.calls > 0 && { spent }),
    ...(tracking && { mlflowRunUrl: tracking.runUrl }),
  };
}

function usageOf(spent: JudgeSpending = { calls: 0, usd: 0 }) {
  return { calls: spent.calls, cost: spent.usd };
}
