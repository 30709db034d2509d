import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { FileStorage } from '../../core/file-storage.ts';
import { s3Client } from '../../core/s3/s3-client.ts';
import { parseStoreUrl } from '../../core/s3/store-url.ts';
import { sha256 } from '../../core/sha256.ts';
import { listAll } from '../../core/storage.ts';
import { storageConformance } from '../unit/core/storage.conformance.ts';
import { openedBucket } from './opened-bucket.ts';
import { BUCKET, KEYS, MOTO, PROGRAMS, type S3Program, S3Server } from './s3-server.ts';

Object.assign(process.env, KEYS);

describe.each(PROGRAMS)('$name', (program: S3Program) => {
  let folder: string;
  let server: S3Server;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'videocap-s3-'));
    server = new S3Server(program, folder);
    await server.start();
  });
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  storageConformance(
    'A bucket of it',
    async () => {
      const { handle } = await openedBucket(server.endpoint);
      return [await handle(), await handle()];
    },
    { tick: 1000 },
  );

  it('settles which of many writers on two hosts was the first', async () => {
    const { handle } = await openedBucket(server.endpoint);
    const hosts = [await handle(), await handle()];
    await hosts[0]!.requireConditionalWrites();
    expect(await hosts[0]!.list('')).toMatchObject({ objects: [] });
    for (const key of ['a', 'b', 'c']) {
      const stored = await Promise.all(
        Array.from({ length: 20 }, (_, i) => hosts[i % 2]!.putRef(key, `${i}`, { ifAbsent: true })),
      );
      expect(new Set(stored).size).toBe(1);
      expect((await hosts[0]!.getRef(key))!.text).toBe(stored[0]);
    }
  });

  it('takes a file in several parts, whose hash it then tells', async () => {
    const { handle } = await openedBucket(server.endpoint);
    const storage = await handle();
    const scratch = await storage.scratch();
    const bytes = Buffer.alloc(70 * 1024 * 1024, 'large');
    await writeFile(join(scratch, 'weights'), bytes);
    await storage.putContentFile('a/w.1', sha256(bytes), join(scratch, 'weights'));
    await rm(scratch, { recursive: true });
    expect(await storage.digest('a/w.1')).toEqual({ sha256: sha256(bytes), bytes: bytes.byteLength });
    const elsewhere = await (await handle()).localCopy('a/w.1', sha256(bytes));
    expect(sha256(await readFile(elsewhere!))).toBe(sha256(bytes));
  });

  it('lists an upload that a writer began and did not end, and aborts it', async () => {
    const { url, handle } = await openedBucket(server.endpoint);
    const place = parseStoreUrl(url);
    const client: S3Client = s3Client(place);
    await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: `${place.prefix}a/w.1` }));
    const storage = await handle();
    const found = async () => {
      const objects = [];
      for await (const object of listAll(storage, '')) objects.push(object);
      return objects;
    };
    const [upload, ...rest] = await found();
    expect([upload, rest]).toMatchObject([{ kind: 'unfinished' }, []]);
    // moto gives every upload one moment of 2010.
    if (program !== MOTO) expect(upload!.storedAt).toBeGreaterThan(Date.now() - 60_000);
    await storage.remove(upload!);
    await storage.remove(upload!);
    expect(await found()).toEqual([]);
  });

  it('has an artifact as the folder has it: a store can be copied object by object', async () => {
    const { handle } = await openedBucket(server.endpoint);
    const storage = await handle();
    const store = new ArtifactStore(storage);
    const ref = await store.putJson('runs/r/a.json', { some: 'thing' });
    const copy = join(folder, 'copied');
    const files = new FileStorage(copy);
    for await (const { kind, key } of listAll(storage, ''))
      if (kind === 'ref') await files.putRef(key, (await storage.getRef(key))!.text, { ifAbsent: true });
      else await files.putContent(key, '', (await storage.getContent(key))!);
    expect((await new ArtifactStore(copy).read(ref)).toString()).toBe((await store.read(ref)).toString());
  });
});
