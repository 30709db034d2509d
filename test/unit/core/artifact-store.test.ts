import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ArtifactStore, sha256 } from '../../../core/artifact-store.ts';
import { VideocapError } from '../../../core/errors.ts';

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

  it('takes a file as it takes its bytes: once, and no other under the key', async () => {
    const folder = await store.storage.scratch();
    const file = async (text: string) => {
      await writeFile(join(folder, text), text);
      return { path: join(folder, text), sha256: sha256(text) };
    };
    const ref = await store.putFile('a/b.txt', await file('hello'));
    expect(await store.put('a/b.txt', 'hello')).toEqual(ref);
    expect(await store.putFile('a/b.txt', await file('hello'))).toEqual(ref);
    expect((await store.read(ref)).toString()).toBe('hello');
    await expect(store.putFile('a/b.txt', await file('other'))).rejects.toMatchObject({ code: 'ArtifactConflict' });
    await writeFile(await store.localCopy(ref), 'damaged');
    await rm(join(folder, 'hello'));
    await store.putFile('a/b.txt', await file('hello'));
    expect((await store.read(ref)).toString()).toBe('hello');
  });

  it('stores no file for an attempt that was superseded', async () => {
    const superseded = new ArtifactStore(root, {
      fence: () => ({ claims: [], check: () => Promise.reject(new VideocapError('Superseded', 'Superseded.')) }),
    });
    await writeFile(join(root, 'file'), 'x');
    const late = superseded.putFile('k', { path: join(root, 'file'), sha256: sha256('x') });
    await expect(late).rejects.toMatchObject({ code: 'Superseded' });
    expect(await readdir(root)).toEqual(['file']);
  });

  it('copies an artifact to another key, unless it is damaged', async () => {
    const ref = await store.put('a.txt', 'hello');
    expect(await store.putCopy('b.txt', ref)).toMatchObject({ sha256: ref.sha256 });
    await writeFile(await store.localCopy(ref), 'hullo');
    await expect(store.putCopy('c.txt', ref)).rejects.toMatchObject({ code: 'CorruptArtifact' });
    expect((await store.read((await store.find('b.txt'))!)).toString()).toBe('hello');
    expect(await store.find('c.txt')).toBeUndefined();
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
