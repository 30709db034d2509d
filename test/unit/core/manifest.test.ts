import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { readManifest } from '../../../core/manifest.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-manifest-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

const put = (name: string) =>
  store.putJson(`${name}.json`, { name, digest: 'd', train: [], heldOut: [], quarantined: [] });

test('a manifest is read once, by however many at a time', async () => {
  const ref = await put('a');
  const [first, second] = await Promise.all([readManifest(store, ref), readManifest(store, ref)]);
  expect(second).toBe(first);
  await rm(await store.localCopy(ref));
  expect(await readManifest(store, ref)).toBe(first);
});

test('of several datasets each is its own', async () => {
  const [a, b] = await Promise.all([put('a'), put('b')]);
  for (const [ref, name] of [
    [a, 'a'],
    [b, 'b'],
    [a, 'a'],
  ] as const)
    expect((await readManifest(store, ref)).name).toBe(name);
  await expect(readManifest(new ArtifactStore(join(root, 'other')), a)).rejects.toThrow('is gone from the store');
});

test('a damaged manifest is refused until it is repaired', async () => {
  const ref = await put('a');
  await writeFile(await store.localCopy(ref), 'x');
  await expect(readManifest(store, ref)).rejects.toMatchObject({ code: 'CorruptArtifact' });
  await put('a');
  expect((await readManifest(store, ref)).name).toBe('a');
});
