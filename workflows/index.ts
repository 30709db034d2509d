import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';

export { ablationSweep } from './ablation-sweep.ts';
export { benchmarkRun } from './benchmark-run.ts';
export { datasetAnnotation } from './dataset-annotation.ts';
export { trainingRun } from './training-run.ts';

/** Temporal calls the default export for a type it does not know; without it such a run would be retried for ever. */
// biome-ignore lint/style/noDefaultExport: the SDK looks for a default export
export default async function unknownWorkflow(): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    `Unknown workflow type "${workflowInfo().workflowType}". Known: trainingRun, ablationSweep, benchmarkRun, ` +
      'datasetAnnotation.',
    'UnknownWorkflowType',
  );
}
