import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../core/sha256.ts';
import { LARGEST_REF, listAll, type Storage } from '../../../core/storage.ts';

/**
 * What every storage must promise: the doc comment of `Storage`.
 * @param open a new, empty storage, and another handle on the same place, as another process would have.
 * @param tick of the storage's clock, in milliseconds.
 */
export function storageConformance(name: string, open: () => Promise<[Storage, Storage]>, { tick = 1 } = {}): void {
  describe(`${name} as a storage`, () => {
    let storage: Storage;
    let other: Storage;
    beforeEach(async () => {
      [storage, other] = await open();
    });
    const put = (key: string, text: string, to = storage) => to.putContent(key, sha256(text), Buffer.from(text));
    const keys = async (prefix: string) => {
      const found: string[] = [];
      for await (const { kind, key } of listAll(storage, prefix)) found.push(`${kind} ${key}`);
      return found.sort();
    };

    it('names its place, the same for all that hold the same things', () => {
      expect(storage.place).toBe(other.place);
    });

    describe('a content', () => {
      it('is read as it was put, on every handle, with its hash and size', async () => {
        await put('a/b.1.txt', 'hello');
        expect((await other.getContent('a/b.1.txt'))?.toString()).toBe('hello');
        expect(await other.digest('a/b.1.txt')).toEqual({ sha256: sha256('hello'), bytes: 5 });
        const path = await other.localCopy('a/b.1.txt', sha256('hello'));
        expect(await readFile(path!, 'utf8')).toBe('hello');
      });

      it('may be empty, or larger than a ref', async () => {
        await put('empty', '');
        await put('large', 'x'.repeat(3 * LARGEST_REF));
        expect((await storage.getContent('empty'))?.byteLength).toBe(0);
        expect(await storage.digest('large')).toMatchObject({ bytes: 3 * LARGEST_REF });
      });

      it('that was never put is nothing', async () => {
        await put('a/b', 'x');
        for (const absent of ['a/c', 'b', 'a/b.txt']) {
          expect(await storage.getContent(absent)).toBeUndefined();
          expect(await storage.digest(absent)).toBeUndefined();
          expect(await storage.localCopy(absent, sha256('x'))).toBeUndefined();
        }
      });

      it('can be put again, by many at once', async () => {
        await Promise.all([storage, other, storage, other].map((to) => put('k', 'same', to)));
        expect((await storage.getContent('k'))?.toString()).toBe('same');
        expect(await keys('')).toEqual(['content k']);
      });
    });

    describe('a content from a file', () => {
      const written = async (folder: string, text: string) => {
        onTestFinished(() => rm(folder, { recursive: true, force: true }));
        await writeFile(join(folder, 'file'), text);
        return join(folder, 'file');
      };
      const elsewhere = () => mkdtemp(join(tmpdir(), 'videocap-file-'));

      it('is taken over from a scratch folder, which is empty at first and can be removed afterwards', async () => {
        const folder = await storage.scratch();
        expect(await readdir(folder)).toEqual([]);
        const path = await written(folder, 'large');
        await storage.putContentFile('a/b.1', sha256('large'), path);
        await storage.putContentFile('a/b.1', sha256('large'), path); // the answer may have been lost
        await Promise.all([1, 2, 3].map(() => other.putContentFile('a/c.1', sha256('large'), path)));
        await rm(folder, { recursive: true });
        for (const name of ['a/b.1', 'a/c.1']) expect((await other.getContent(name))?.toString()).toBe('large');
        expect(await keys('')).toEqual(['content a/b.1', 'content a/c.1']);
      });

      it('is a copy of a file elsewhere, which stays as it is', async () => {
        const path = await written(await elsewhere(), 'of a user');
        await storage.putContentFile('k', sha256('of a user'), path);
        await writeFile(path, 'written again');
        expect((await storage.getContent('k'))?.toString()).toBe('of a user');
      });

      it('replaces a damaged one', async () => {
        await put('k', 'dam');
        await storage.putContentFile('k', sha256('whole'), await written(await elsewhere(), 'whole'));
        expect((await storage.getContent('k'))?.toString()).toBe('whole');
      });

      it('is refused where the copied file has other bytes than it should, or is gone', async () => {
        const path = await written(await elsewhere(), 'one');
        await expect(storage.putContentFile('k', sha256('two'), path)).rejects.toMatchObject({ code: 'Unavailable' });
        await expect(storage.putContentFile('k', sha256('one'), `${path}s`)).rejects.toMatchObject({ code: 'ENOENT' });
        expect(await keys('')).toEqual([]);
      });
    });

    describe('a ref', () => {
      it('is read as it was put, with the time of the put', async () => {
        const before = Date.now();
        expect(await storage.putRef('r/a', '{"a":1}', { ifAbsent: true })).toBe('{"a":1}');
        const { text, storedAt } = (await other.getRef('r/a'))!;
        expect(text).toBe('{"a":1}');
        expect(storedAt).toBeGreaterThan(before - 1000);
        expect(storedAt).toBeLessThan(Date.now() + 1000);
      });

      it('may be empty, and hold up to 64 kB, and no more', async () => {
        expect(await storage.putRef('empty', '', { ifAbsent: true })).toBe('');
        expect((await storage.getRef('empty'))?.text).toBe('');
        await storage.putRef('large', 'x'.repeat(LARGEST_REF), { ifAbsent: true });
        await expect(storage.putRef('larger', 'ä'.repeat(LARGEST_REF), { ifAbsent: true })).rejects.toMatchObject({
          code: 'InvalidInput',
          message: `The ref larger has ${2 * LARGEST_REF} bytes, and at most ${LARGEST_REF} may be put.`,
        });
        expect(await storage.getRef('larger')).toBeUndefined();
      });

      it('with `ifAbsent` keeps and returns the present text; else is replaced', async () => {
        await storage.putRef('k', 'one', { ifAbsent: true });
        expect(await other.putRef('k', 'two', { ifAbsent: true })).toBe('one');
        expect(await other.putRef('k', 'three', { ifAbsent: false })).toBe('three');
        expect((await storage.getRef('k'))?.text).toBe('three');
        await storage.remove({ kind: 'ref', key: 'k' });
        expect(await other.putRef('k', 'four', { ifAbsent: true })).toBe('four');
      });

      it('is won by exactly one of many concurrent writers, and all get its text', async () => {
        const texts = Array.from({ length: 16 }, (_, i) => `writer ${i}`);
        const told = await Promise.all(
          texts.map((text, i) => (i % 2 ? storage : other).putRef('race', text, { ifAbsent: true })),
        );
        expect(new Set(told).size).toBe(1);
        expect((await storage.getRef('race'))?.text).toBe(told[0]);
      });

      it('does not meet a content under the same key', async () => {
        await put('k', 'content');
        await storage.putRef('k', 'ref', { ifAbsent: true });
        expect((await storage.getContent('k'))?.toString()).toBe('content');
        await storage.remove({ kind: 'content', key: 'k' });
        expect((await storage.getRef('k'))?.text).toBe('ref');
      });

      it('is put again later than it was', async () => {
        await storage.putRef('k', 'x', { ifAbsent: true });
        const first = (await storage.getRef('k'))!.storedAt;
        await expect.poll(() => Date.now(), { interval: 5 }).toBeGreaterThan(first + 20 + 2 * tick);
        await storage.putRef('k', 'x', { ifAbsent: false });
        expect((await storage.getRef('k'))!.storedAt).toBeGreaterThan(first);
      });
    });

    describe('a listing', () => {
      it('has everything under a prefix, once, however many pages it takes', async () => {
        const refs = Array.from({ length: 20 }, (_, i) => `l/${i % 4}/${i}`);
        for (const key of refs) await storage.putRef(key, key, { ifAbsent: true });
        await put('l/content', 'x');
        await put('m/content', 'x');
        expect(await keys('l/')).toEqual([...refs.map((key) => `ref ${key}`), 'content l/content'].sort());
        expect(await keys('l/1/')).toEqual(['ref l/1/1', 'ref l/1/13', 'ref l/1/17', 'ref l/1/5', 'ref l/1/9']);
        expect(await keys('l/1/1')).toEqual(['ref l/1/1', 'ref l/1/13', 'ref l/1/17']);
        expect(await keys('')).toHaveLength(22);
        expect(await keys('nothing/')).toEqual([]);
      });

      it('gives size and time', async () => {
        await storage.putRef('s/k', 'four', { ifAbsent: true });
        const { storedAt } = (await storage.getRef('s/k'))!;
        const objects = [];
        for await (const object of listAll(storage, 's/')) objects.push(object);
        expect(objects).toEqual([{ kind: 'ref', key: 's/k', bytes: 4, storedAt }]);
      });
    });

    it('removes what is there, and takes no offence at what is not', async () => {
      await put('a/b/c', 'x');
      await storage.putRef('a/b/d', 'x', { ifAbsent: true });
      await other.remove({ kind: 'content', key: 'a/b/c' });
      await storage.remove({ kind: 'content', key: 'a/b/c' });
      await storage.remove({ kind: 'ref', key: 'a/b/e' });
      expect(await storage.getContent('a/b/c')).toBeUndefined();
      expect(await keys('')).toEqual(['ref a/b/d']);
    });

    it('continues putting while others remove beside it', async () => {
      const rounds = Array.from({ length: 30 }, (_, i) => i);
      const beside = rounds.map((i) => async () => {
        await storage.putRef(`folder/${i}`, 'x', { ifAbsent: true });
        await storage.remove({ kind: 'ref', key: `folder/${i}` });
      });
      await Promise.all(beside.map((go) => go()));
      expect(await keys('')).toEqual([]);
    });

    it.each(['', '/a', '../a', 'a/../../b', 'a//b', './a', 'a/', `${'x'.repeat(901)}`])(
      'refuses the key %j',
      async (key) => {
        const refused = { code: 'InvalidInput' };
        await expect(put(key, 'x')).rejects.toMatchObject(refused);
        await expect(storage.putContentFile(key, sha256('x'), '/x')).rejects.toMatchObject(refused);
        await expect(storage.getContent(key)).rejects.toMatchObject(refused);
        await expect(storage.putRef(key, 'x', { ifAbsent: true })).rejects.toMatchObject(refused);
        await expect(storage.getRef(key)).rejects.toMatchObject(refused);
        await expect(storage.remove({ kind: 'ref', key })).rejects.toMatchObject(refused);
      },
    );
  });
}
