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
import { playEngineContract } from '../conformance/engine-contract.ts';
import { startTemporal } from '../integration/temporal-server.ts';

const engine = createEngine('torch');
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

test.each([
  ['all weights, one rank', { ranks: 1, freezeVision: false }],
  ['adapters, two ranks', { ranks: 2, lora: { rank: 8, alpha: 16 } }],
])('the torch engine keeps the engine contract: %s', async (name, section) => {
  const store = new ArtifactStore(join(home, name.replaceAll(/\W+/g, '-')));
  const deps = { store, engine, home };
  const taskQueue = 'policy-torch';
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    activities: { ...createRolloutActivities(deps), ...createUpdateActivities(deps), ...createExportActivities(deps) },
    maxConcurrentActivityTaskExecutions: 1,
  });
  const policy = { model: 'tiny', engine: { kind: 'torch', dtype: 'float32', ...section } } as const;
  await worker.runUntil(() => playEngineContract({ environment, taskQueue, store, policy }));
});
