import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { BYTES_PER_WORKFLOW } from '../../../workers/cached-workflows.ts';
import { workflowBundle } from '../temporal-server.ts';

/** The SDK's own sandboxes, which it does not export. */
const packages = join(import.meta.dirname, '../../../node_modules/@temporalio/worker/lib');
const sdk = createRequire(import.meta.url);
const { parseWorkflowCode } = sdk(join(packages, 'worker.js'));
const { ReusableVMWorkflowCreator } = sdk(join(packages, 'workflow/reusable-vm.js'));

const COUNT = 40;

test('an execution in memory takes no more than the number that a worker keeps is calculated with', async () => {
  const { code } = await workflowBundle();
  const creator = await ReusableVMWorkflowCreator.create(parseWorkflowCode(code), 60_000, new Set());
  const start = (name: string) => {
    const unsafe = { isReplaying: false, now: () => 0 };
    const of = {
      workflowId: name,
      runId: name,
      workflowType: 'trainingRun',
      namespace: 'default',
      taskQueue: 'videocap',
    };
    const info = { ...of, attempt: 1, memo: {}, searchAttributes: {}, startTime: new Date(0), unsafe };
    return creator.createWorkflow({ info, randomnessSeed: [1, 2, 3, 4], now: 0, showStackTraceSources: false });
  };
  const kept: unknown[] = [await start('first')]; // compiles what all of them share
  const before = await heap();
  for (let i = 0; i < COUNT; i += 1) kept.push(await start(`run-${i}`));
  const bytes = ((await heap()) - before) / COUNT;
  console.info(`${kept.length} executions: ${(bytes / 1e6).toFixed(2)} MB each`);
  expect(bytes).toBeGreaterThan(100_000);
  // What is left is for the run's own state.
  expect(bytes).toBeLessThan(0.75 * BYTES_PER_WORKFLOW);
});

/** In use, after what is not has been collected. */
async function heap(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i += 1) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}
