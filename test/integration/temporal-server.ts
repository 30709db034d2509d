import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

/** A real Temporal server, in memory, on a free loopback port; the same binary that `videocap up` starts. */
export async function startTemporal(...extraArgs: string[]): Promise<TestWorkflowEnvironment> {
  const path = resolve('.venv/bin/temporal');
  if (!existsSync(path))
    throw new Error('No Temporal server in .venv; run `npm test` once, it sets up what tests need.');
  return TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'existing-path', path }, extraArgs } });
}

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows as a worker loads them, bundled once per test file. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  });
  return bundle;
}
