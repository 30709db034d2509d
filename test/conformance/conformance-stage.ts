import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll } from 'vitest';
import { createExportActivities } from '../../activities/export-policy.ts';
import { createRolloutActivities } from '../../activities/rollout.ts';
import { createUpdateActivities } from '../../activities/update.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import type { PolicyEngine } from '../../core/policy-engine.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type EngineUnderTest, playEngineContract } from './engine-contract.ts';

/** A Temporal server and a home, for the tests of a file in which an engine with a driver plays the contract. */
export function conformanceStage(engine: PolicyEngine) {
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
  return {
    /** Plays the contract with the engine's driver in the activities that its worker has. */
    async play(policy: EngineUnderTest['policy'] & { engine: { kind: string } }, name = 'store'): Promise<void> {
      const store = new ArtifactStore(join(home, name));
      const deps = { store, engine, home };
      const taskQueue = `policy-${policy.engine.kind}`;
      const worker = await Worker.create({
        connection: environment.nativeConnection,
        taskQueue,
        activities: {
          ...createRolloutActivities(deps),
          ...createUpdateActivities(deps),
          ...createExportActivities(deps),
        },
        maxConcurrentActivityTaskExecutions: 1,
      });
      await worker.runUntil(() => playEngineContract({ environment, taskQueue, store, policy }));
    },
    get environment() {
      return environment;
    },
  };
}
