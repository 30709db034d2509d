import type { WorkflowExecutionDescription } from '@temporalio/client';
import { type RunMemo, readMemo } from '../../contracts/run-memo.ts';
import { VideocapError } from '../../core/errors.ts';

/** What other workflows are called, and what starts them. */
const NO_STEPS: Readonly<Record<string, string>> = {
  benchmarkRun:
    'is a benchmark, which cannot be resumed; start a new one (the ledger keeps its answers): videocap bench',
  datasetAnnotation:
    'is an annotation, which cannot be resumed; start a new one (the ledger keeps its answers): videocap annotate',
};

/** @throws VideocapError `InvalidInput` for a workflow that is no training run, or ended before it was one. */
export function originOf({ workflowId, memo, type }: WorkflowExecutionDescription): RunMemo {
  const origin = type === 'trainingRun' ? readMemo(memo) : undefined;
  if (origin) return origin;
  const why = NO_STEPS[type] ?? `(${type}) has stored nothing to continue from; start a new one with: videocap run`;
  throw new VideocapError('InvalidInput', `Run ${workflowId} ${why}`);
}
