import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, type WorkflowBundle } from '@temporalio/worker';
import { workflowBundle as loadBundle } from '../../workers/workflow-bundle.ts';

/** A real Temporal server, in memory, on a free loopback port; the same binary that `videocap up` starts. */
export async function startTemporal(...extraArgs: string[]): Promise<TestWorkflowEnvironment> {
  const path = resolve('.venv/bin/temporal');
  if (!existsSync(path))
    throw new Error('No Temporal server in .venv; run `npm test` once, it sets up what tests need.');
  return TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path }, extraArgs } });
}

let bundle: Promise<WorkflowBundle> | undefined;

/** The workflows as a worker loads them. */
export function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= loadBundle(new DefaultLogger('WARN'));
  return bundle;
}
