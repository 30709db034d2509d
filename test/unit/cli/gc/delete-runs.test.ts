import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deleteRuns } from '../../../../cli/gc/delete-runs.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { keyOf } from '../../../../core/store-layout.ts';

let home: string;
let store: ArtifactStore;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-delete-'));
  store = new ArtifactStore(home);
});
afterEach(() => rm(home, { recursive: true }));

it('removes a run, but what another refers to; what runs share stays, and so do other runs', async () => {
  const weights = await store.put(keyOf('checkpointWeights', { runKey: 'a-1', step: 2 }), 'weights');
  await store.put(keyOf('checkpointWeights', { runKey: 'a-1', step: 4 }), 'more weights');
  await store.put(keyOf('record', { runKey: 'a-1', step: 4 }), '{}');
  await store.putJsonOnce(keyOf('startPolicy', { runKey: 'b-2' }), async () => ({ policy: { weights } }));
  await store.put(keyOf('clip', { hash: 'c' }), 'frames');

  const planned = await deleteRuns(store.storage, new Set(['a-1']), { dryRun: true });
  expect(await store.find(keyOf('record', { runKey: 'a-1', step: 4 }))).toBeDefined();
  expect(await deleteRuns(store.storage, new Set(['a-1']), { dryRun: false })).toEqual(planned);
  expect(planned).toMatchObject({ files: 4, shared: 1 });

  expect(await store.find(keyOf('record', { runKey: 'a-1', step: 4 }))).toBeUndefined();
  expect(await store.find(keyOf('checkpointWeights', { runKey: 'a-1', step: 4 }))).toBeUndefined();
  expect((await store.read(weights)).toString()).toBe('weights');
  expect(await store.find(keyOf('clip', { hash: 'c' }))).toBeDefined();
  expect(await deleteRuns(store.storage, new Set(['a-1']), { dryRun: false })).toMatchObject({ files: 0 });
});
