import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEndedTracking } from '../../../activities/ended-tracking.ts';
import { createTrackingActivities } from '../../../activities/tracking.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { syntheticRun } from '../report/synthetic-run.ts';
import { type FakeMlflow, fakeMlflow } from '../tracking/fake-mlflow.ts';
import { temporaryStore } from './stage-store.ts';

let mlflow: FakeMlflow;
let store: ArtifactStore;
beforeEach(async () => {
  [mlflow, store] = await Promise.all([fakeMlflow(), temporaryStore()]);
});
afterEach(() => mlflow.close());

const deps = () => ({ store, mlflowUrl: mlflow.url, env: {}, attempts: 1 });
const ENDED = { how: 'Terminated', endTime: 5 };
const endOf = (place: number) => mlflow.runs[place]!.data.tags.find(({ key }) => key === 'videocap.end')?.value;

it('closes a sweep, which has no steps, and leaves its run and what is not in MLflow alone', async () => {
  const { runKey, config } = await syntheticRun(store, { steps: 2, samples: 2 });
  const sweep = { sweep: 'my-sweep-0a1b2c3d', name: 'my-sweep', arm: 'grpo', condition: 'all', seed: 1 };
  await createTrackingActivities(deps()).startTracking({ runKey, config, startTime: 1, sweep });
  const close = createEndedTracking(deps());
  await close({ ...ENDED, runKey: sweep.sweep });
  await close({ ...ENDED, runKey: 'in-no-store' });
  expect(mlflow.runs.map(({ info }) => info.status)).toEqual(['KILLED', 'RUNNING']);
  expect([endOf(0), endOf(1)]).toEqual(['Terminated before its end', undefined]);
});

it('leaves a run alone that has ended', async () => {
  const { runKey, config } = await syntheticRun(store, { steps: 2, samples: 2 });
  await createTrackingActivities(deps()).startTracking({ runKey, config, startTime: 1 });
  mlflow.runs[0]!.info.status = 'FINISHED';
  await createEndedTracking(deps())({ ...ENDED, runKey });
  expect(mlflow.runs[0]!.info.status).toBe('FINISHED');
  expect(endOf(0)).toBeUndefined();
});
