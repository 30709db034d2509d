import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { findOrCreateRun } from '../../../tracking/find-or-create-run.ts';
import { MlflowClient } from '../../../tracking/mlflow-client.ts';
import { RUN_KEY_TAG } from '../../../tracking/run-tags.ts';
import { sendSystemMetrics, systemPoints } from '../../../tracking/system-metrics.ts';
import { type FakeMlflow, fakeMlflow } from './fake-mlflow.ts';

describe('systemPoints', () => {
  const sample = { node: 'gpu1-42', time: 61_900, metrics: { cpu_utilization_percentage: 12.3456 } };

  it('has a series for each worker and metric, rounded as MLflow does', () => {
    expect(systemPoints({ startTime: 0 }, sample)).toEqual([
      { key: 'system/gpu1-42/cpu_utilization_percentage', value: 12.3, step: 61, timestamp: 61_900 },
    ]);
  });

  it("steps are seconds of the run, so those of a worker that was restarted follow the earlier worker's", () => {
    expect(systemPoints({ startTime: 1_000 }, sample)[0]!.step).toBe(60);
    expect(systemPoints({ startTime: 1_000 }, { ...sample, node: 'gpu1-43', time: 71_900 })[0]!.step).toBe(70);
  });

  it('begins at step 0 where the clock of the host is behind', () => {
    expect(systemPoints({ startTime: 62_000 }, sample)[0]!.step).toBe(0);
  });
});

describe('sendSystemMetrics', () => {
  const runKey = 'a-run';
  const sample = { node: 'host-7', time: 30_000, metrics: { a: 1, b: 2 } };
  let folder: string;
  let store: ArtifactStore;
  let server: FakeMlflow;
  let client: MlflowClient;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'videocap-system-'));
    store = new ArtifactStore(folder);
    server = await fakeMlflow();
    client = new MlflowClient({ url: server.url, env: {}, attempts: 1 });
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const track = async () => {
    const tags = () => [{ key: RUN_KEY_TAG, value: runKey }];
    await findOrCreateRun({ client, store }, { runKey, startTime: 10_000, experiment: { name: 'e', tags: [] }, tags });
    return server.runs[0]!;
  };

  it('reaches the page of the run, by the record of the store', async () => {
    const { metrics } = await track();
    await sendSystemMetrics({ client, store }, runKey, sample);
    expect(metrics).toEqual([
      { key: 'system/host-7/a', value: 1, step: 20, timestamp: 30_000 },
      { key: 'system/host-7/b', value: 2, step: 20, timestamp: 30_000 },
    ]);
  });

  it('sends nothing to a run that MLflow does not know yet, and asks it nothing', async () => {
    await sendSystemMetrics({ client, store }, runKey, sample);
    expect(server.calls).toEqual([]);
  });

  it.each(['FINISHED', 'FAILED', 'KILLED'])('leaves a run alone that is %s', async (status) => {
    const { info, metrics } = await track();
    info.status = status;
    await sendSystemMetrics({ client, store }, runKey, sample);
    expect(metrics).toEqual([]);
    expect(info.status).toBe(status);
  });

  it('leaves a run alone that a user has deleted', async () => {
    const { info, metrics } = await track();
    info.lifecycle_stage = 'deleted';
    await sendSystemMetrics({ client, store }, runKey, sample);
    expect(metrics).toEqual([]);
  });
});
