import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { Fences } from '../../../core/fence.ts';
import { FileStorage } from '../../../core/file-storage.ts';
import { sha256 } from '../../../core/sha256.ts';
import { listAll } from '../../../core/storage.ts';
import { BucketStorage } from '../../storage/bucket-storage.ts';
import { storageConformance } from './storage.conformance.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'videocap-storage-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

storageConformance('A folder', async () => {
  const path = join(await folder(), 'store');
  return [new FileStorage(path), new FileStorage(path)];
});
storageConformance('A bucket', async () => {
  const bucket = new BucketStorage({ pageSize: 3 });
  return [bucket, bucket];
});

describe('FileStorage', () => {
  it('lets people open a content by its name, and a ref beside it', async () => {
    const path = await folder();
    const store = new ArtifactStore(new FileStorage(path));
    await store.put('runs/r/report.html', '<p>');
    expect((await readdir(join(path, 'runs/r'))).sort()).toEqual(['report.33f279946717.html', 'report.html.ref']);
  });

  it('takes a file over without a copy, and keeps it from other users', async () => {
    const storage = new FileStorage(await folder());
    const scratch = await storage.scratch();
    await writeFile(join(scratch, 'file'), 'x');
    await storage.putContentFile('a/k', sha256('x'), join(scratch, 'file'));
    const [taken, stored] = [await stat(join(scratch, 'file')), await stat(join(storage.place, 'a/k'))];
    expect(stored.ino).toBe(taken.ino);
    expect(stored.mode & 0o777).toBe(0o600);
  });

  it('lists what a dead caller left in a scratch folder as unfinished, and removes it with the folder', async () => {
    const storage = new FileStorage(await folder());
    await writeFile(join(await storage.scratch(), 'model.safetensors'), 'hal');
    const objects = [];
    for await (const object of listAll(storage, '')) objects.push(object);
    expect(objects).toMatchObject([{ kind: 'unfinished', bytes: 3 }]);
    await storage.remove(objects[0]!);
    expect(await readdir(storage.place)).toEqual([]);
  });

  it('lists what a writer that died left half written as that', async () => {
    const path = await folder();
    const storage = new FileStorage(path);
    const key = 'k.0f8fad5b-d9cb-469f-a165-70867728950e.tmp';
    await writeFile(join(path, key), 'hal');
    const objects = [];
    for await (const object of listAll(storage, '')) objects.push(object);
    expect(objects).toMatchObject([{ kind: 'unfinished', key, bytes: 3 }]);
    await storage.remove({ kind: 'unfinished', key });
    expect(await readdir(path)).toEqual([]);
  });
});

describe('over a bucket whose answers get lost after the write', () => {
  /** Loses the answer to every second change. */
  const losing = () => {
    let changes = 0;
    return new BucketStorage({ losesAnswer: () => ++changes % 2 === 1 });
  };
  /** As Temporal tries an activity again. */
  const tried = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      const done = await work().then(
        (value) => ({ value }),
        (error: { code?: string }) => {
          expect(error.code).toBe('ECONNRESET');
        },
      );
      if (done) return done.value;
    }
  };

  it('an activity that is tried again ends with one artifact, and the value that was stored', async () => {
    const store = new ArtifactStore(losing());
    let seconds = 0;
    const Output = z.object({ seconds: z.number() });
    const run = () => tried(() => store.onceJson('runs/r/update.json', Output, async () => ({ seconds: ++seconds })));
    const value = await run();
    expect(await run()).toEqual(value);
    const stored = await tried(async () => store.readJson((await store.find('runs/r/update.json'))!, Output));
    expect(stored).toEqual(value);
  });

  it('a claim that was stored is the claim of the one who put it', async () => {
    const fences = new Fences(losing());
    const at = { activity: '1', scheduled: 2, first: false, runKey: 'r' };
    const first = await tried(() => fences.claim({ ...at, execution: 'e1' }));
    await first.check();
    const second = await tried(() => fences.claim({ ...at, execution: 'e2' }));
    await second.check();
    await expect(first.check()).rejects.toMatchObject({ code: 'Superseded' });
  });

  it('a damaged content is made again, and a damaged ref is put again', async () => {
    const bucket = new BucketStorage();
    const store = new ArtifactStore(bucket);
    const ref = await store.put('k.txt', 'whole');
    bucket.damage('content', ref.uri.slice('store:'.length), 'whole?');
    await expect(store.read(ref)).rejects.toMatchObject({ code: 'CorruptArtifact' });
    expect(await store.once('k.txt', async () => 'whole')).toEqual(ref);
    bucket.damage('ref', 'k.txt', '');
    expect(await store.find('k.txt')).toEqual(ref);
    expect((await store.read(ref)).toString()).toBe('whole');
  });
});
