import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Where the loader that all test files have in common listens. */
const SHARED = 'VIDEOCAP_TEST_MLFLOW_LOADER';

/** What `serve_mlflow.py` does. */
type Order = { start: { port: number; folder: string; environment: NodeJS.ProcessEnv } } | { kill: number };

/** Vitest calls it once, before the first test file. MLflow itself is loaded when a file first asks for a server. */
export async function setup(): Promise<() => Promise<void>> {
  const { folder, stop } = await startLoader();
  process.env[SHARED] = folder;
  return stop;
}

let own: ReturnType<typeof startLoader> | undefined;

/** Gives an order to the loader of all test files; outside of Vitest, to one of this process. Gives its answer. */
export async function tellMlflow(order: Order): Promise<unknown> {
  const shared = process.env[SHARED];
  if (shared === undefined) own ??= startLoader();
  const folder = shared ?? (await own!).folder;
  const socket = connect(join(folder, 'socket'));
  await once(socket, 'connect');
  // A loader that dies gives no answer.
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify(order)}\n`);
  try {
    for await (const answer of createInterface({ input: socket })) return JSON.parse(answer);
  } finally {
    socket.destroy();
  }
  throw new Error(`MLflow did not start:\n${await readFile(join(folder, 'log.txt'), 'utf8')}`);
}

/** It ends with this process, if not before. */
async function startLoader(): Promise<{ folder: string; stop(): Promise<void> }> {
  const python = resolve('.venv/bin/python');
  if (!existsSync(python))
    throw new Error('No MLflow server in .venv; run `npm test` once, it sets up what tests need.');
  const folder = await mkdtemp(join(tmpdir(), 'videocap-mlflow-'));
  const script = fileURLToPath(new URL('serve_mlflow.py', import.meta.url));
  const child = spawn(python, [script, folder], { env: { ...process.env, ...ENVIRONMENT } });
  child.stderr.pipe(createWriteStream(join(folder, 'log.txt')));
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
  return {
    folder,
    async stop() {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}

/** What all servers have in common, and some of it is read when MLflow is loaded. */
const ENVIRONMENT = {
  _MLFLOW_SERVER_ARTIFACT_ROOT: 'mlflow-artifacts:/',
  _MLFLOW_SERVER_SERVE_ARTIFACTS: 'true',
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  DO_NOT_TRACK: 'true',
  GIT_PYTHON_REFRESH: 'quiet',
};
