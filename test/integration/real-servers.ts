import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll } from 'vitest';
import { startWorker, type WorkerPlace, type WorkerProcess } from '../chaos/worker-process.ts';
import { startTemporal } from './temporal-server.ts';
import { type MlflowServer, startMlflow } from './tracking/mlflow-server.ts';

export interface RealServers {
  temporal: TestWorkflowEnvironment;
  mlflow: MlflowServer;
  worker: WorkerProcess;
  home: string;
  /** Starts another worker in the place of one that was killed. */
  startWorker(): Promise<void>;
}

/**
 * Temporal, MLflow and a worker with a home of its own, real ones, from before the first test of a file until after its
 * last.
 */
export function realServers(name: string): RealServers {
  const servers = {
    async startWorker() {
      const { temporal, mlflow, home } = servers;
      const place: WorkerPlace = { temporalAddress: temporal.address, mlflowUrl: mlflow.url, home };
      servers.worker = await startWorker(place);
    },
  } as RealServers;
  beforeAll(async () => {
    servers.home = await mkdtemp(join(tmpdir(), `videocap-${name}-`));
    [servers.temporal, servers.mlflow] = await Promise.all([startTemporal(), startMlflow()]);
    await servers.startWorker();
  }, 180_000);
  afterAll(async () => {
    await servers.worker?.kill();
    await servers.temporal?.teardown();
    await servers.mlflow?.remove();
    await rm(servers.home, { recursive: true, force: true });
  });
  return servers;
}
