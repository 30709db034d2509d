import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../core/run-results.ts';
import type { RunStatus } from '../../workflows/run-state.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** Small, but every stage is the real one: ffmpeg, the ONNX engine, the judge, Temporal, MLflow. */
const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'grpo.steps': 3,
    'grpo.samplesPerStep': 2,
    'sampling.groupSize': 4,
    'sampling.maxNewTokens': 64,
    'benchmark.maxNewTokens': 64,
    'dataset.trainSamples': 8,
    'dataset.heldOutSamples': 4,
    'reward.think.similarity': 'token-f1',
  },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-chaos-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
}, 180_000);
afterAll(async () => {
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(home, { recursive: true, force: true });
});

/** Runs the experiment in a home of its own, so that nothing is shared with another run. */
async function train(name: string, disturb: (run: WorkflowHandle, restart: () => Promise<void>) => Promise<void>) {
  const place = { temporalAddress: temporal.address, mlflowUrl: mlflow.url, home: join(home, name) };
  let worker: WorkerProcess = await startWorker(place);
  const restart = async () => {
    await worker.kill();
    worker = await startWorker(place);
  };
  try {
    const run = await temporal.client.workflow.start('trainingRun', {
      taskQueue: 'videocap',
      workflowId: name,
      args: [EXPERIMENT],
    });
    await disturb(run, restart);
    return (await run.result()) as RunSummary;
  } finally {
    await worker.kill();
  }
}

async function until(run: WorkflowHandle, reached: (status: RunStatus) => boolean): Promise<void> {
  for (;;) {
    const status = await run.query<RunStatus>('status').catch(() => undefined);
    if (status && reached(status)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What must not depend on what happened on the way: everything but the run's name and where its files are. */
const outcome = ({ policy, base, trained, steps }: RunSummary) => ({
  steps,
  weights: policy.weights.sha256,
  optimizer: policy.optimizer?.sha256,
  base: base.metrics,
  trained: trained.metrics,
});

describe('a worker killed in mid-run', () => {
  it('ends with the same weights and results as an undisturbed run', async () => {
    const calm = await train('calm', async () => {});
    const killed = await train('killed', async (run, restart) => {
      // Or later: after a worker's death an answer may take ten seconds, and the run does not wait for it.
      await until(run, ({ step, stage }) => step > 1 || (step === 1 && stage === 'update'));
      await restart();
      await until(run, ({ step, stage }) => step > 2 || (step === 2 && stage === 'rollout'));
      await restart();
    });
    expect(calm.policy.weights.sha256).not.toBe(calm.base.policy.weights.sha256);
    expect(outcome(killed)).toEqual(outcome(calm));
  }, 600_000);
});
