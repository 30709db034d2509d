import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lineNaming } from '../../refusal.ts';

let home: string;
/** Takes connections and answers none. */
let silent: Server;
let connected: Promise<unknown>;
let port: number;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-start-'));
  silent = createServer();
  connected = once(silent, 'connection');
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  port = (silent.address() as { port: number }).port;
});
afterAll(async () => {
  silent?.close();
  await rm(home, { recursive: true, force: true });
});

/** A worker's process; its Temporal server is never asked. */
function worker(env: NodeJS.ProcessEnv): { child: ChildProcess; ended: Promise<{ code: number; log: string }> } {
  const child = spawn(process.execPath, ['core/run-typescript.mjs', 'workers/local.ts'], {
    env: { ...process.env, VIDEOCAP_HOME: home, VIDEOCAP_QUEUES: 'judge', TEMPORAL_ADDRESS: '127.0.0.1:9', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr!.on('data', (chunk) => {
    log += chunk;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number, log })) };
}

it('ends at a signal while its store does not answer, and logs lines of JSON alone', async () => {
  const { child, ended } = worker({
    VIDEOCAP_STORE: `s3://bucket/x?endpoint=http://127.0.0.1:${port}`,
    ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  });
  await connected;
  child.kill('SIGTERM');
  const { code, log } = await ended;
  const lines = log.trim().split('\n');
  expect([code, ...lines.map((line) => JSON.parse(line).msg).slice(-1)]).toEqual([
    ...[0, 'Ended by SIGTERM before it served a queue.'],
  ]);
});

it.each([
  [{ LOG_LEVEL: 'verbose' }, ['LOG_LEVEL is', 'verbose', 'info, warn']],
  [{ VIDEOCAP_METRICS: 'no-such-host.invalid:9101' }, ['VIDEOCAP_METRICS', 'no-such-host.invalid']],
])('refuses %j in one line', async (env, named) => {
  expect(await worker(env).ended).toEqual({ code: 1, log: lineNaming(...named) });
});

it('refuses an address of metrics that is in use', async () => {
  const { code, log } = await worker({ VIDEOCAP_METRICS: `localhost:${port}` }).ended;
  expect([code, log]).toEqual([1, lineNaming('VIDEOCAP_METRICS cannot be served', 'in use', 'free address')]);
});
