import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileFault, piecesOf, readRegularFile, readRegularFileSync } from '../../../core/regular-file.ts';

let folder: string;
let server: Server;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-regular-file-'));
  execFileSync('mkfifo', [at('pipe')]);
  server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  await symlink(at('loop'), at('loop'));
  await writeFile(at('file'), 'text');
  await writeFile(at('huge'), '');
  await truncate(at('huge'), 2 ** 40);
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function inPieces(path: string, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of piecesOf(path, most)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe.each([
  ['whole', readRegularFile],
  ['whole, at once', async (path: string, most: number) => readRegularFileSync(path, most)],
  ['in pieces', inPieces],
])('%s', (_, read) => {
  const faultOf = (path: string) =>
    read(path, 1000).then(
      () => 'none',
      (error: unknown) => fileFault(error),
    );

  test('a file is read', async () => {
    expect((await read(at('file'), 4)).toString()).toBe('text');
  });

  test.each([
    ['pipe', 'is a pipe, not a file'],
    ['socket', 'is a socket or a device, not a file'],
    ['.', 'is a folder, not a file'],
    ['huge', `has ${2 ** 40} bytes, more than 1000`],
    ['none', 'does not exist'],
    ['file/none', 'does not exist'],
    ['x'.repeat(300), 'does not exist'],
    ['loop', 'is a link that leads to itself'],
  ])('%s: refused at once, by what it is', async (name, fault) => {
    expect(await faultOf(at(name))).toBe(fault);
  });

  test.each(['/dev/zero', '/dev/urandom', '/dev/tty'])('%s: a device', async (device) => {
    expect(await faultOf(device)).toMatch(/^is a (socket or a )?device, not a file$/);
  });
});

test('a file that grows as fast as it is read ends all the same', async () => {
  await writeFile(at('log'), Buffer.alloc(200_000));
  let bytes = 0;
  for await (const { length } of piecesOf(at('log'), 2 ** 20)) {
    bytes += length;
    appendFileSync(at('log'), Buffer.alloc(length));
  }
  expect(bytes).toBe(200_000);
});

test('reading ends with the signal', async () => {
  const stopped = new AbortController();
  const reason = new Error('The run was terminated.');
  let pieces = 0;
  const reading = (async () => {
    for await (const _ of piecesOf(at('huge'), 2 ** 41, stopped.signal)) if (++pieces === 3) stopped.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
  expect(pieces).toBe(3);
});
