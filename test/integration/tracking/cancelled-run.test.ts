import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { realServers } from '../real-servers.ts';
import { runsTagged } from './mlflow-points.ts';

const EXPERIMENT = {
  config: 'sft',
  overrides: {
    // More than it gets to.
    'algorithm.steps': 500,
    'algorithm.samplesPerStep': 1,
    'benchmark.maxNewTokens': 16,
    'dataset.trainSamples': 3,
    'dataset.heldOutSamples': 1,
    'reward.think.similarity': 'token-f1',
  },
};

const servers = realServers('cancelled');

const start = (more: object = {}) =>
  servers.temporal.client.workflow.start('trainingRun', {
    ...{ taskQueue: 'videocap', workflowId: 'cancelled' },
    args: [{ ...EXPERIMENT, ...more }],
  });

it('a cancelled run is KILLED in MLflow; resumed, it is RUNNING under the same id, then FINISHED', async () => {
  const begun = await start();
  const status = () => begun.query<RunStatus>('status').catch(() => undefined);
  await expect
    .poll(status, { timeout: 120_000, interval: 50 })
    .toMatchObject({ mlflowRunUrl: expect.any(String), step: expect.toSatisfy((step: number) => step > 0) });
  const { mlflowRunUrl } = (await status())!;
  await begun.cancel();
  const failure = await begun.result().catch((error) => error);
  expect(failure).toBeInstanceOf(WorkflowFailedError);
  expect(failure.cause).toBeInstanceOf(CancelledFailure);
  const { status: state, memo } = await begun.describe();
  expect(state.name).toBe('CANCELLED');

  const { run } = memo as { run: string };
  const [, experimentId, runId] = /experiments\/(\d+)\/runs\/(\w+)\?/.exec(mlflowRunUrl!)!;
  const inMlflow = async () => (await runsTagged(servers.mlflow.url, experimentId!, run)).map(({ info }) => info);
  const [killed] = await inMlflow();
  expect(killed).toMatchObject({ run_id: runId, status: 'KILLED' });
  expect(Number(killed!.end_time)).toBeGreaterThan(Number(killed!.start_time));

  const resumed = await start({ resume: { run } });
  await resumed.signal('pause');
  await expect
    .poll(inMlflow, { timeout: 120_000, interval: 50 })
    .toMatchObject([{ run_id: runId, status: 'RUNNING', start_time: killed!.start_time }]);
  await resumed.executeUpdate('setLimits', { args: [{ maxSteps: 1 }] });
  await resumed.signal('resume');
  expect(await resumed.result()).toMatchObject({ runKey: run, mlflowRunUrl });
  const finished = await inMlflow();
  expect(finished).toMatchObject([{ run_id: runId, status: 'FINISHED' }]);
  expect(Number(finished[0]!.end_time)).toBeGreaterThan(Number(killed!.end_time));
}, 300_000);
