import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, type WorkflowBundle } from '@temporalio/worker';
import { workflowBundle as loadBundle } from '../../workers/workflow-bundle.ts';

/** One partition a task queue, not four, between which the server would forward every task and poll of a test. */
export const ONE_PARTITION = ['Read', 'Write'].flatMap((kind) => [
  '--dynamic-config-value',
  `matching.numTaskqueue${kind}Partitions=1`,
]);

/** A real Temporal server, in memory, on a free loopback port; the same binary that `videocap up` starts. */
export async function startTemporal(...extraArgs: string[]): Promise<TestWorkflowEnvironment> {
  const path = resolve('.venv/bin/temporal');
  if (!existsSync(path))
    throw new Error('No Temporal server in .venv; run `npm test` once, it sets up what tests need.');
  return TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path }, extraArgs: [...ONE_PARTITION, ...extraArgs] },
  });
}

let bundle: Promise<WorkflowBundle> | undefined;

/** The workflows as a worker loads them. */
export function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= loadBundle(new DefaultLogger('WARN'));
  return bundle;
}
