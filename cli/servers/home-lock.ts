import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRIVATE } from '../../core/durable-file.ts';
import { VideocapError } from '../../core/errors.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

const PATIENCE_MILLISECONDS = 300_000;

/**
 * Runs `work` while no other process changes the services of the same home. A lock whose holder is gone does not count.
 * @throws VideocapError `Unavailable` when another process holds it for five minutes.
 */
export async function withHomeLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const path = join(home, 'services.lock');
  await mkdir(home, { recursive: true, mode: PRIVATE.folder });
  // An older version, or `mkdir` by hand, may have made it for all to read. Another user's folder keeps its mode.
  await chmod(home, PRIVATE.folder).catch(() => undefined);
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  while (!(await take(path))) {
    if (performance.now() > deadline)
      throw new VideocapError('Unavailable', `Another process holds ${path}; wait for it, or remove the file.`);
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(identify(process.pid)), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const text = await readFile(path, 'utf8').catch(() => '');
  // An empty file is a lock being written at this moment.
  if (text !== '' && !isAlive(JSON.parse(text) as ProcessIdentity)) await rm(path, { force: true });
  return false;
}
