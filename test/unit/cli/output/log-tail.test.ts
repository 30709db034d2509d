import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogTail } from '../../../../cli/output/log-tail.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-log-'));
  path = join(folder, 'workers.log');
});
afterEach(() => rm(folder, { recursive: true }));

test('a line is shown once, when all of it is there', async () => {
  await writeFile(path, 'old\none\ntw');
  const log = new LogTail(path, 4);
  expect(await log.more()).toEqual(['one']);
  await appendFile(path, 'o\n\nthree\n');
  expect(await log.more()).toEqual(['two', 'three']);
  expect(await log.more()).toEqual([]);
});

test('bytes that are no text lose and repeat no line after them', async () => {
  const log = new LogTail(path, 0);
  await writeFile(path, Buffer.concat([Buffer.from([0xff, 0xfe, 0xe2, 0x82]), Buffer.from('\none\n')]));
  expect((await log.more()).at(-1)).toBe('one');
  await appendFile(path, 'two\n');
  expect(await log.more()).toEqual(['two']);
});

test('a log that was begun anew, or is gone for a while, goes on', async () => {
  await writeFile(path, 'a long line of the log before\n');
  const log = new LogTail(path, 0);
  await log.more();
  await rm(path);
  expect(await log.more()).toEqual([]);
  await writeFile(path, 'new\n');
  expect(await log.more()).toEqual(['new']);
});
