import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactStore, sha256 } from '../../../core/artifact-store.ts';
import { type Attempt, type Fence, Fences } from '../../../core/fence.ts';
import { FileStorage } from '../../../core/file-storage.ts';

let root: string;
let fences: Fences;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-fence-'));
  fences = new Fences(new FileStorage(root));
});
afterEach(() => rm(root, { recursive: true }));

/** An attempt, scheduled a second after the one before. */
const at = (attempt: number, change: Partial<Attempt> = {}): Attempt => ({
  execution: 'e1',
  activity: '7',
  scheduled: 1_796_004_770_000 + 1000 * attempt,
  first: attempt === 1,
  ...change,
});
const storeOf = (fence: Fence) => new ArtifactStore(root, { fence: () => fence });
const superseded = { code: 'Superseded', retryable: true };

/** Every file of the store with its hash, but for the fences. */
async function listing(): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const shown = files.filter((file) => !file.startsWith(join(root, 'fences'))).sort();
  return Object.fromEntries(await Promise.all(shown.map(async (file) => [file, sha256(await readFile(file))])));
}

describe('an attempt at an activity', () => {
  it('may write until a later attempt begins, and nothing more after that', async () => {
    const first = storeOf(await fences.claim(at(1)));
    await first.put('before', 'x');
    await fences.claim(at(2));
    const before = await listing();
    await expect(first.put('after', 'x')).rejects.toMatchObject(superseded);
    await expect(first.once('after', async () => 'x')).rejects.toMatchObject(superseded);
    await expect(first.remove('before')).rejects.toMatchObject(superseded);
    await expect(first.mayCommit()).rejects.toMatchObject(superseded);
    expect(await listing()).toEqual(before);
  });

  it('is superseded in the middle of its work, at the last moment before the commit', async () => {
    const fence = await fences.claim(at(1));
    const store = storeOf(fence);
    const late = store.once('k', async () => {
      await storeOf(await fences.claim(at(2))).once('k', async () => 'of the second');
      return 'of the first';
    });
    await expect(late).rejects.toMatchObject(superseded);
    expect((await store.read((await store.find('k'))!)).toString()).toBe('of the second');
    expect(Object.keys(await listing())).toHaveLength(2);
  });

  it('may still read what its successor has stored', async () => {
    const first = storeOf(await fences.claim(at(1)));
    await storeOf(await fences.claim(at(2))).put('k', 'x');
    expect((await first.read(await first.once('k', async () => 'y'))).toString()).toBe('x');
  });

  it('keeps the tenth attempt from the ninth', async () => {
    const ninth = await fences.claim(at(9));
    const tenth = await fences.claim(at(10));
    await expect(ninth.check()).rejects.toMatchObject(superseded);
    await expect(tenth.check()).resolves.toBeUndefined();
    await expect(fences.claim(at(9))).rejects.toMatchObject(superseded);
  });

  it('takes over from all before it when a user has reset their count, whichever number it has', async () => {
    const running = await fences.claim(at(3));
    const reset = await fences.claim(at(4));
    await expect(running.check()).rejects.toMatchObject(superseded);
    await expect(reset.check()).resolves.toBeUndefined();
    await expect(fences.claim(at(1))).rejects.toMatchObject(superseded);
  });

  it('takes over from one that was scheduled at the same moment', async () => {
    const claims: Fence[] = [];
    for (let i = 0; i < 12; i++) claims.push(await fences.claim(at(2)));
    for (const lost of claims.slice(0, -1)) await expect(lost.check()).rejects.toMatchObject(superseded);
    await expect(claims.at(-1)!.check()).resolves.toBeUndefined();
  });

  it.each([{ activity: '8' }, { execution: 'e2' }])('is not concerned by attempts at %j', async (other) => {
    const first = await fences.claim(at(1));
    await fences.claim(at(5, other));
    await expect(first.check()).resolves.toBeUndefined();
  });

  it('leaves no file when it is the first, which nearly all are', async () => {
    await fences.claim(at(1));
    expect(await readdir(root)).toEqual([]);
  });

  it('lets a superseded attempt store what is worth keeping', async () => {
    const first = storeOf(await fences.claim(at(1)));
    await fences.claim(at(2));
    await expect(first.unfenced().put('ledger/answer', 'paid')).resolves.toBeDefined();
  });
});

describe('an execution of a run', () => {
  it('may write until another execution of the same run begins, as when it is resumed', async () => {
    const old = await fences.claim(at(1, { runKey: 'r' }));
    const resumed = await fences.claim(at(1, { runKey: 'r', execution: 'e2' }));
    await expect(old.check()).rejects.toMatchObject(superseded);
    await expect(fences.claim(at(1, { runKey: 'r', activity: '9' }))).rejects.toMatchObject(superseded);
    await expect(resumed.check()).resolves.toBeUndefined();
  });

  it('goes by who came last, not by names: the third takes over from the second', async () => {
    const claims: Fence[] = [];
    for (const execution of ['z', 'a', 'm']) claims.push(await fences.claim(at(1, { runKey: 'r', execution })));
    await expect(claims[1]!.check()).rejects.toMatchObject(superseded);
    await expect(claims[2]!.check()).resolves.toBeUndefined();
  });

  it('claims its run once, however many of its activities begin at the same moment', async () => {
    const ids = Array.from({ length: 8 }, (_, i) => String(i));
    const claims = await Promise.all(ids.map((activity) => fences.claim(at(1, { runKey: 'r', activity }))));
    expect(await readdir(join(root, 'fences/runs/r'))).toEqual(['00000001-e1.ref']);
    for (const claim of claims) await expect(claim.check()).resolves.toBeUndefined();
  });

  it('leaves exactly one of many that begin at the same moment', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `e${i}`);
    const outcomes = await Promise.allSettled(
      names.map((execution) => fences.claim(at(1, { runKey: 'r', execution }))),
    );
    const checks = await Promise.allSettled(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.check() : Promise.reject())),
    );
    expect(checks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
