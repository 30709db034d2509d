import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunStatus } from '../../contracts/run-status.ts';
import { madeTwice, paidAgain } from '../chaos/matrix/compare.ts';
import { matrixExperiment } from '../chaos/matrix/experiment.ts';
import { ChaosWorld } from '../chaos/matrix/world.ts';
import { BUCKET, KEYS, S3Server, VERSITYGW } from './s3-server.ts';

/** How long the bucket stays away: longer than the pauses of the SDK, shorter than the patience of a request. */
const AWAY_SECONDS = 5;

let folder: string;
let server: S3Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-s3-run-'));
  server = new S3Server(VERSITYGW, folder);
  await server.start();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

const experiment = (judge: string) => {
  const { config, overrides } = matrixExperiment(judge);
  return { config, overrides: { ...overrides, 'algorithm.steps': 4 } };
};

async function inWorld<T>(use: (world: ChaosWorld) => Promise<T>): Promise<T> {
  const world = await ChaosWorld.start();
  try {
    return await use(world);
  } finally {
    await world.stop();
  }
}

async function reached(run: WorkflowHandle, step: number): Promise<void> {
  const now = () => run.query<Pick<RunStatus, 'step'>>('status').catch(() => ({ step: -1 }));
  while ((await now()).step < step) await sleep(100);
}

it('a run on a bucket whose worker is killed, and whose bucket is away for seconds, ends as on files', async () => {
  const onFiles = await inWorld((world) => world.play('run', experiment(world.judge.baseUrl)));
  for (const [name, value] of Object.entries(KEYS)) vi.stubEnv(name, value);
  vi.stubEnv('VIDEOCAP_STORE', `s3://${BUCKET}/runs?endpoint=${server.endpoint}`);
  let strikes = 0;
  const onBucket = await inWorld((world) =>
    world.play('run', experiment(world.judge.baseUrl), {
      longestSeconds: 280,
      disturb: async ({ run, strike }) => {
        await reached(run, 1);
        await strike('worker');
        strikes++;
        await reached(run, 2);
        await server.kill();
        await sleep(1000 * AWAY_SECONDS);
        await server.start();
        strikes++;
      },
    }),
  );
  expect(strikes).toBe(2);
  const { base, policy } = onFiles.summary;
  expect(policy.weights.sha256).not.toBe(base.policy.weights.sha256);
  expect(onBucket.summary.policy.weights.sha256).toBe(policy.weights.sha256);
  expect(onBucket.summary.policy.optimizer?.sha256).toBe(policy.optimizer?.sha256);
  expect(onBucket.summary.trained.metrics).toEqual(onFiles.summary.trained.metrics);
  expect([madeTwice(onBucket), paidAgain(onBucket)]).toEqual([[], 0]);
}, 600_000);
