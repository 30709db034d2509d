import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTrackingActivities } from '../../../activities/tracking.ts';
import type { Tracking } from '../../../contracts/tracking.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { metricPoints } from '../../../tracking/log-batches.ts';
import { type SyntheticRun, type SyntheticRunOptions, syntheticRun } from '../../unit/report/synthetic-run.ts';
import { pointsOf, runsTagged } from './mlflow-points.ts';
import { type MlflowServer, startMlflow } from './mlflow-server.ts';

let folder: string;
let server: MlflowServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-delivery-'));
  server = await startMlflow();
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(async () => {
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

interface Mirrored {
  run: SyntheticRun;
  tracking: Tracking;
  activities: ReturnType<typeof createTrackingActivities>;
  mirror(fromStep: number, toStep: number): Promise<void>;
}

/** A run in a store of its own, and its MLflow run. */
async function aRun(name: string, options: SyntheticRunOptions = {}): Promise<Mirrored> {
  const store = new ArtifactStore(join(folder, name));
  const synthetic = await syntheticRun(store, options);
  const run = { ...synthetic, runKey: `${name}-0a1b2c3d` };
  for (const record of run.records)
    await store.putJson(keyOf('record', { runKey: run.runKey, step: record.step }), record);
  const activities = createTrackingActivities({ store, mlflowUrl: server.url, pauseSeconds: 0.01 });
  const tracking = await activities.startTracking(start(run));
  const { runKey, manifest } = run;
  return {
    run,
    tracking,
    activities,
    mirror: (fromStep, toStep) => activities.mirrorRecords({ runKey, tracking, manifest, fromStep, toStep }),
  };
}

const start = ({ runKey, config, records }: SyntheticRun) => ({
  ...{ runKey, config, startTime: records[0]!.time },
  execution: { namespace: 'default', workflowId: runKey, runId: '0a1b2c3d' },
});

/** Every metric of every step once, at the step's own time, and nothing else. */
async function expectEachPointOnce({ run, tracking }: Mirrored): Promise<void> {
  const points = metricPoints(run.records).map(({ timestamp: time, ...point }) => ({ ...point, time }));
  const order = (a: { key: string; step: number }, b: { key: string; step: number }) =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : a.step - b.step;
  expect(await pointsOf(server.url, tracking.mlflowRunId)).toEqual(points.sort(order));
}

describe('every point arrives once', () => {
  it('however often, and at once, it is delivered, in whatever pieces', async () => {
    const run = await aRun('pieces');
    await run.mirror(0, 2);
    // As after a resume, which begins at the last step that was written down as mirrored.
    await run.mirror(1, 3);
    await Promise.all([run.mirror(2, 4), run.mirror(0, 4), run.mirror(3, 4)]);
    await expectEachPointOnce(run);
  });

  it('when MLflow is away for one delivery, and restarted for the next', async () => {
    const run = await aRun('restart');
    await run.mirror(0, 2);
    await server.stop();
    const cut = run.mirror(0, 4);
    await expect(cut).rejects.toMatchObject({ code: 'Unavailable' });
    await server.start();
    await run.mirror(0, 4);
    await expectEachPointOnce(run);
  });

  it('at its own time, wherever the clocks of those who deliver it stand', async () => {
    const run = await aRun('clocks');
    for (const date of ['2030-01-01', '2001-01-01', '2026-06-01']) {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date(date) });
      await run.mirror(0, 4);
    }
    await expectEachPointOnce(run);
  });

  it('when the clock that told the steps` times jumped back between them', async () => {
    const name = 'jump';
    const store = new ArtifactStore(join(folder, name));
    const synthetic = await syntheticRun(store);
    const records = synthetic.records.map((record) => ({
      ...record,
      time: record.step >= 3 ? record.time - 86_400_000 : record.time,
    }));
    const run = { ...synthetic, records, runKey: `${name}-0a1b2c3d` };
    for (const record of records)
      await store.putJson(keyOf('record', { runKey: run.runKey, step: record.step }), record);
    const activities = createTrackingActivities({ store, mlflowUrl: server.url, pauseSeconds: 0.01 });
    const tracking = await activities.startTracking(start(run));
    const { runKey, manifest } = run;
    const mirror = (fromStep: number, toStep: number) =>
      activities.mirrorRecords({ runKey, tracking, manifest, fromStep, toStep });
    await mirror(0, 4);
    await mirror(0, 4);
    await expectEachPointOnce({ run, tracking, activities, mirror });
  });

  it('when a backlog is longer than any attempt at it, and MLflow is restarted between them', async () => {
    const { run, tracking, activities, mirror } = await aRun('backlog', { steps: 24, samples: 1 });
    const attempt = () => {
      const time = new AbortController();
      let steps = 0;
      const { mirrorRecords } = createTrackingActivities({
        ...{ store: new ArtifactStore(join(folder, 'backlog')), mlflowUrl: server.url },
        onProgress: () => ++steps > 14 && time.abort(new Error('out of time')),
        signal: () => time.signal,
      });
      return mirrorRecords({ runKey: run.runKey, tracking, manifest: run.manifest, fromStep: 0, toStep: 24 });
    };
    await expect(attempt()).rejects.toThrow('out of time');
    await server.stop();
    await server.start();
    await expect(attempt()).rejects.toThrow('out of time');
    await attempt();
    await expectEachPointOnce({ run, tracking, activities, mirror });
  });

  it('a repeated final delivery adds none', async () => {
    const run = await aRun('last-word');
    const { activities, tracking } = run;
    await run.mirror(0, 4);
    const { runKey, evaluations, manifest, records } = run.run;
    const endTime = records.at(-1)!.time;
    for (const _ of [1, 2])
      await activities.finishTracking({ runKey, tracking, evaluations, manifest, status: 'FINISHED', endTime });
    await expectEachPointOnce(run);
  });
});

it('one run is made, though it is started at once from several places and again after a restart', async () => {
  const run = await aRun('started');
  const again = await Promise.all([1, 2, 3].map(() => run.activities.startTracking(start(run.run))));
  await server.stop();
  await server.start();
  again.push(await run.activities.startTracking(start(run.run)));
  expect(new Set(again.map(({ mlflowRunId }) => mlflowRunId))).toEqual(new Set([run.tracking.mlflowRunId]));
  expect(await runsTagged(server.url, run.tracking.experimentId, run.run.runKey)).toHaveLength(1);
});
