import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ArtifactStore, sha256 } from '../../../core/artifact-store.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-store-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

describe('ArtifactStore', () => {
  it('returns what was stored, by a reference that names its hash and size', async () => {
    const ref = await store.put('a/b.txt', 'hello');
    expect(ref).toEqual({ uri: 'store:a/b.2cf24dba5fb0.txt', sha256: sha256('hello'), bytes: 5 });
    expect((await store.read(ref)).toString()).toBe('hello');
    expect(await store.find('a/b.txt')).toEqual(ref);
  });

  it('finds nothing under a key never stored', async () => {
    expect(await store.find('nothing')).toBeUndefined();
  });

  it('takes the same bytes twice and refuses other bytes', async () => {
    const ref = await store.put('k', 'one');
    expect(await store.put('k', 'one')).toEqual(ref);
    await expect(store.put('k', 'two')).rejects.toMatchObject({ code: 'ArtifactConflict' });
  });

  it('lets exactly one of many concurrent writers of different bytes win', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => store.put('race', `bytes ${i}`)));
    const won = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    await store.read((await store.find('race'))!);
  });

  it('refuses bytes that changed on disk, naming the artifact', async () => {
    const ref = await store.put('k', 'one');
    await writeFile(await store.localCopy(ref), 'two');
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'CorruptArtifact', message: /store:k\./ });
  });

  it('makes an artifact again when its bytes were cut short', async () => {
    await writeFile(await store.localCopy(await store.put('k', 'whole')), 'who');
    const ref = await store.once('k', async () => 'whole');
    expect((await store.read(ref)).toString()).toBe('whole');
  });

  it('does not count bytes without a ref as an artifact', async () => {
    await writeFile(join(root, 'k.0123456789ab'), 'left by a process that died');
    expect(await store.find('k')).toBeUndefined();
    expect((await store.read(await store.put('k', 'new'))).toString()).toBe('new');
  });

  it('makes once, then answers from the store', async () => {
    let made = 0;
    const make = async () => ({ n: ++made });
    const Schema = z.object({ n: z.number() });
    expect(await store.onceJson('j', Schema, make)).toEqual({ n: 1 });
    expect(await store.onceJson('j', Schema, make)).toEqual({ n: 1 });
  });

  it('gives both of two attempts at the same work the artifact of the first', async () => {
    const refs = await Promise.all([1, 2, 3].map((n) => store.once('work', async () => `took ${n} s`)));
    expect(new Set(refs.map(({ sha256 }) => sha256)).size).toBe(1);
  });

  it('leaves no temporary files behind', async () => {
    await store.put('k', 'x');
    expect((await readdir(root)).sort()).toEqual(['k.2d711642b726', 'k.ref']);
  });

  it.each(['../x', '/etc/passwd', 'a/../../x', ''])('refuses the key %j', async (key) => {
    await expect(store.find(key)).rejects.toMatchObject({ code: 'InvalidInput', message: /outside the store/ });
    await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'InvalidInput' });
  });
});
