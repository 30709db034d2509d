import { expect, test } from 'vitest';
import { noteStart } from '../../../activities/note-start.ts';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import { readStarted, startCommand } from '../../../contracts/run-started.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { temporaryStore } from './stage-store.ts';

test('a run notes what it was started with, and what the named config has in its place', async () => {
  const store = await temporaryStore();
  const { resolveConfig } = createConfigActivities({ store, home: 'unused' });
  const overrides = { 'algorithm.steps': 3, 'checkpoints.best': { metric: 'eventF1' } };
  await resolveConfig({ runKey: 'r-12345678', config: 'quickstart', overrides });
  const started = (await readStarted(store, 'r-12345678'))!;
  expect(started).toMatchObject({
    ...{ config: 'quickstart', overrides, named: { 'algorithm.steps': 60 } },
    ...{ versions: { node: process.versions.node }, machine: { system: `${process.platform}-${process.arch}` } },
  });
  expect(started.versions['videocap-r1']).toMatch(/^\d/);
  expect(started.machine.memory).toMatch(/^\d+ GiB$/);
  expect(Date.now() - started.time).toBeLessThan(60_000);
  expect(startCommand(started)).toBe(
    `videocap run quickstart --set algorithm.steps=3 --set 'checkpoints.best={"metric":"eventF1"}'`,
  );
});

test('a benchmark, which has no steps, notes nothing', async () => {
  const store = await temporaryStore();
  await createConfigActivities({ store, home: 'unused' }).resolveConfig({ config: 'quickstart', overrides: {} });
  expect(await readStarted(store, 'r-12345678')).toBeUndefined();
});

test('the first attempt counts, and a config that is none without its changes has nothing in their place', async () => {
  const store = await temporaryStore();
  const base = () => Promise.reject(new Error('no dataset'));
  const start = { config: 'own', overrides: { seed: 2 }, fork: { run: 'parent', step: 4 }, base };
  await noteStart(store, 'r', start);
  const first = await store.find(keyOf('started', { runKey: 'r' }));
  await noteStart(store, 'r', { ...start, overrides: {} });
  expect(await store.find(keyOf('started', { runKey: 'r' }))).toEqual(first);
  const started = (await readStarted(store, 'r'))!;
  expect(started.named).toEqual({});
  expect(startCommand(started)).toBe('videocap fork parent --at-step 4 --set seed=2');
});
