import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, test } from 'vitest';
import { createExportActivities } from '../../activities/export-policy.ts';
import { createRolloutActivities } from '../../activities/rollout.ts';
import { createUpdateActivities } from '../../activities/update.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { createEngine } from '../../policy/engines.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { playEngineContract } from './engine-contract.ts';

const engine = createEngine('onnx');
let home: string;
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-conformance-'));
  environment = await startTemporal();
});
afterAll(async () => {
  await Promise.all([environment?.teardown(), engine.close()]);
  await rm(home, { recursive: true, force: true });
});

test('the onnx engine keeps the engine contract', async () => {
  const store = new ArtifactStore(join(home, 'store'));
  const deps = { store, engine, home };
  const taskQueue = 'policy-onnx';
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    activities: { ...createRolloutActivities(deps), ...createUpdateActivities(deps), ...createExportActivities(deps) },
    maxConcurrentActivityTaskExecutions: 1,
  });
  const policy = { model: 'tiny', engine: { kind: 'onnx', threads: 1 } } as const;
  await worker.runUntil(() => playEngineContract({ environment, taskQueue, store, policy }));
});
