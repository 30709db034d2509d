import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { Fences } from '../../core/fence.ts';
import { sha256 } from '../../core/sha256.ts';
import { refusal } from '../refusal.ts';
import { type Fault, FaultyGateway } from './faulty-gateway.ts';
import { openedBucket, storageAt, temporaryFolder } from './opened-bucket.ts';
import { KEYS, MOTO, PROGRAMS, S3Server, VERSITYGW } from './s3-server.ts';

Object.assign(process.env, KEYS);

let folder: string;
let server: S3Server;
let gateway: FaultyGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-faults-'));
  server = new S3Server(PROGRAMS[0], folder);
  await server.start();
  gateway = new FaultyGateway(server.port);
  await gateway.start();
});
afterEach(() => {
  gateway.fault = () => undefined;
  gateway.struck.length = 0;
  vi.unstubAllEnvs();
});
afterAll(async () => {
  await gateway?.stop();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

const Output = z.object({ value: z.number() });
const ACTIVITY = { activity: '1', scheduled: 2, first: false, runKey: 'r' };

/** What an activity does with a store: claims, looks, makes, writes, reads, and hands a file to a program. */
async function work(endpoint: string, options?: { patienceMilliseconds: number }) {
  const { handle } = await openedBucket(endpoint, options);
  const storage = await handle();
  const fence = await new Fences(storage).claim({ ...ACTIVITY, execution: 'e' });
  const store = new ArtifactStore(storage, { fence: () => fence });
  const scratch = await storage.scratch();
  await writeFile(join(scratch, 'weights'), 'weights');
  const weights = await store.putFile('runs/r/w.bin', { path: join(scratch, 'weights'), sha256: sha256('weights') });
  let made = 0;
  const once = () => store.onceJson('runs/r/update.json', Output, async () => ({ value: ++made }));
  const values = [await once(), await once()];
  const read = (await store.read(weights)).toString();
  const copied = (await (await handle()).localCopy(weights.uri.slice('store:'.length), weights.sha256)) !== undefined;
  await store.remove('runs/r/w.bin');
  return { values, made, read, copied, left: await store.find('runs/r/w.bin') };
}

const DONE = { values: [{ value: 1 }, { value: 1 }], made: 1, read: 'weights', copied: true, left: undefined };

describe('the work of an activity ends as if nothing had happened', () => {
  it.each<Fault>([
    'away',
    'answer lost',
    'SlowDown',
    'ExpiredToken',
    'InternalError',
    '404 of a proxy',
    'half',
    'slow',
  ])('where each of its requests meets this once: %s', async (fault) => {
    const met = new Set<string>();
    let asked = 0;
    gateway.fault = (method, path) => {
      asked++;
      const request = `${method} ${path}`;
      if (met.has(request)) return undefined;
      met.add(request);
      return fault;
    };
    expect(await work(gateway.endpoint)).toEqual(DONE);
    expect(gateway.struck.length).toBe(met.size);
    expect(gateway.struck.length).toBeGreaterThan(10);
    expect(asked).toBeGreaterThan(gateway.struck.length);
  });

  it('where the server is killed in the middle, and comes back seconds later', async () => {
    let asked = 0;
    let back: Promise<void> | undefined;
    gateway.fault = () => {
      if (++asked === 8)
        back = server.kill().then(async () => {
          await new Promise((resolve) => setTimeout(resolve, 3000));
          await server.start();
        });
      return undefined;
    };
    expect(await work(gateway.endpoint)).toEqual(DONE);
    await back;
  });
});

// moto takes any.
describe.runIf(PROGRAMS[0] === VERSITYGW)('credentials that run out', () => {
  it('are read again from their file until they are valid; nothing fails meanwhile', async () => {
    const file = join(await temporaryFolder(), 'credentials');
    const write = (secret: string) =>
      writeFile(file, `[default]\naws_access_key_id = ${KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${secret}\n`);
    for (const name of Object.keys(KEYS)) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', file);
    await write('an old one');
    const renewed = new Promise((resolve) => setTimeout(resolve, 2000)).then(() => write(KEYS.AWS_SECRET_ACCESS_KEY));
    expect(await work(server.endpoint)).toEqual(DONE);
    await renewed;
  });

  it('are named where they stay wrong, without what they hold', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another-secret');
    const failed = work(server.endpoint, { patienceMilliseconds: 500 });
    await expect(failed).rejects.toEqual(refusal('Unavailable', server.endpoint, 'SignatureDoesNotMatch'));
    const said = await failed.catch(({ message, cause }: Error) => `${message} ${cause}`);
    expect(said).not.toMatch(/another-secret|videocap-test/);
  });
});

it('an outage that lasts is an error that Temporal waits for', async () => {
  gateway.fault = () => 'SlowDown';
  await expect(work(gateway.endpoint, { patienceMilliseconds: 500 })).rejects.toEqual(
    refusal('Unavailable', 'SlowDown'),
  );
});

it('a bucket that does not exist is named by every request, and taken for an empty store by none', async () => {
  const storage = storageAt(`s3://no-such-bucket/x?endpoint=${server.endpoint}`, await temporaryFolder(), {
    patienceMilliseconds: 300,
  });
  const requests = [
    ...[storage.digest('a'), storage.localCopy('a', sha256('a')), storage.getContent('a'), storage.getRef('a')],
    ...[storage.putRef('a', 'a', { ifAbsent: true }), storage.list('')],
  ];
  for (const outcome of await Promise.allSettled(requests))
    expect(outcome).toMatchObject({ reason: refusal('Unavailable', 'no bucket', 's3://no-such-bucket/x') });
});

it('a server that replaces what must stay is refused', async () => {
  const moto = new S3Server(MOTO, folder); // versitygw would miss the header, which is signed
  const deaf = await moto.start().then(() => new FaultyGateway(moto.port));
  await deaf.start();
  deaf.hidden = ['if-none-match'];
  try {
    const storage = await (await openedBucket(deaf.endpoint)).handle();
    await expect(storage.requireConditionalWrites()).rejects.toEqual(refusal('MissingTool', 'If-None-Match'));
  } finally {
    await deaf.stop();
    await moto.kill();
  }
});

it('so is one that looks whether an object is there, and then writes it', async () => {
  const stored = new Set<string>();
  const server = createServer(async (request, response) => {
    const [key = ''] = request.url!.split('?');
    const isThere = stored.has(key);
    await buffer(request);
    if (request.method === 'DELETE') {
      stored.delete(key);
      return void response.writeHead(204).end();
    }
    if (isThere) return void response.writeHead(412).end();
    await sleep(20);
    stored.add(key);
    response.writeHead(200, { etag: '"1"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const storage = await (await openedBucket(`http://127.0.0.1:${port}`)).handle();
    await expect(storage.requireConditionalWrites()).rejects.toEqual(refusal('MissingTool', 'atomic'));
    expect([...stored]).toEqual([]);
  } finally {
    server.close();
  }
});
