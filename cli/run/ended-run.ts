import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { Limits } from '../../contracts/run-progress.ts';
import { VideocapError } from '../../core/errors.ts';

/** What a training run's memo says: its key in the store and the input it was started with. */
export interface RunOrigin {
  run: string;
  config: string;
  overrides: Record<string, unknown>;
  /** What a person has changed of it. */
  limits?: Limits;
  /** Where it was forked from, if it was. */
  fork?: { run: string; step: number };
}

/** What other workflows are called, and what starts them. */
const NO_STEPS: Readonly<Record<string, string>> = {
  benchmarkRun:
    'is a benchmark, which has no steps to go on from; start it anew, answers are not paid again: videocap bench',
  datasetAnnotation:
    'is an annotation, which has no steps to go on from; start it anew, answers are not paid again: videocap annotate',
};

/** @throws VideocapError `InvalidInput` for a workflow that is no training run, or ended before it was one. */
export function originOf({ workflowId, memo, type }: WorkflowExecutionDescription): RunOrigin {
  const { run, config, overrides, limits, fork } = (memo ?? {}) as Partial<RunOrigin>;
  if (type === 'trainingRun' && run && config)
    return { run, config, overrides: overrides ?? {}, ...(limits && { limits }), ...(fork && { fork }) };
  const why = NO_STEPS[type] ?? `(${type}) has left nothing to go on from; start it anew with: videocap run`;
  throw new VideocapError('InvalidInput', `Run ${workflowId} ${why}`);
}
