import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface MlflowServer {
  url: string;
  /** Its database and artifacts. */
  folder: string;
  /** Until `start`, nothing listens at `url`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

/** A real MLflow server on a free loopback port with data of its own: `.venv/bin/mlflow`, or what MLFLOW_BIN names. */
export async function startMlflow(): Promise<MlflowServer> {
  const program = process.env.MLFLOW_BIN ?? resolve('.venv/bin/mlflow');
  if (!existsSync(program))
    throw new Error(`No MLflow server at ${program}; run \`npm test\` once, it sets up what tests need.`);
  const folder = await mkdtemp(join(tmpdir(), 'videocap-mlflow-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
    ...['--artifacts-destination', join(folder, 'artifacts')],
  ];
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // The server is a process with children of its own.
    process.kill(-child.pid!, 'SIGTERM');
    await ended;
  };
  const start = async () => {
    const log = join(folder, 'log.txt');
    child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" >>"$MLFLOW_TEST_LOG" 2>&1', program, ...args], {
      cwd: folder,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...ENVIRONMENT, MLFLOW_TEST_LOG: log },
    });
    const deadline = Date.now() + 150_000;
    while (!(await isHealthy(url))) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`MLflow did not start:\n${await readFile(log, 'utf8').catch(() => '')}`);
      await sleep(200);
    }
  };
  await start();
  return {
    url,
    folder,
    stop,
    start,
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const ENVIRONMENT = {
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  DO_NOT_TRACK: 'true',
  GIT_PYTHON_REFRESH: 'quiet',
};

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
