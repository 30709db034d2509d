import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, type WorkflowBundle } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { workflowBundle as loadBundle } from '../../workers/workflow-bundle.ts';

/**
 * One partition a task queue, not four, between which the server would forward every task and poll of a test. And more
 * than 20 looks a second for new tasks, as `videocap up` has it: most stages of tests take a millisecond.
 */
export const FAST = Object.entries({
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'history.transferProcessorMaxPollRPS': 1000,
  'history.timerProcessorMaxPollRPS': 1000,
}).flatMap(([name, value]) => ['--dynamic-config-value', `${name}=${value}`]);

/** What workers register; tests that start a worker of their own begin with them. */
const ATTRIBUTES = Object.values(SEARCH_ATTRIBUTES).flatMap(({ name, type }) => [
  '--search-attribute',
  `${name}=${type[0]}${type.slice(1).toLowerCase()}`,
]);

/** A real Temporal server, in memory, on a free loopback port; the same binary that `videocap up` starts. */
export async function startTemporal(...extraArgs: string[]): Promise<TestWorkflowEnvironment> {
  const path = resolve('.venv/bin/temporal');
  if (!existsSync(path))
    throw new Error('No Temporal server in .venv; run `npm test` once, it sets up what tests need.');
  return TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path }, extraArgs: [...FAST, ...ATTRIBUTES, ...extraArgs] },
  });
}

let bundle: Promise<WorkflowBundle> | undefined;

/** The workflows as a worker loads them. */
export function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= loadBundle(new DefaultLogger('WARN'));
  return bundle;
}
