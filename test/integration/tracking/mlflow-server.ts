import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface MlflowServer {
  url: string;
  /** Its database and artifacts. */
  folder: string;
  /** SIGKILL. Until `start`, nothing listens at `url`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

/**
 * A real MLflow server on a free loopback port with data of its own: what `mlflow server` starts, without its command line,
 * which takes longer to load than the server.
 */
export async function startMlflow(): Promise<MlflowServer> {
  const python = resolve('.venv/bin/python');
  if (!existsSync(python))
    throw new Error('No MLflow server in .venv; run `npm test` once, it sets up what tests need.');
  const folder = await mkdtemp(join(tmpdir(), 'videocap-mlflow-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const script = fileURLToPath(new URL('serve_mlflow.py', import.meta.url));
  const log = join(folder, 'log.txt');
  const loader = spawn(python, [script, String(port)], {
    cwd: folder,
    env: { ...process.env, ...environment(folder) },
  });
  loader.stderr.pipe(createWriteStream(log));
  const answers = createInterface({ input: loader.stdout })[Symbol.asyncIterator]();
  const tell = async (order: 'start' | 'reap') => {
    loader.stdin.write(`${order}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`MLflow did not start:\n${await readFile(log, 'utf8')}`);
    return value;
  };
  let pid: number | undefined;
  const stop = async () => {
    if (pid === undefined) return;
    process.kill(pid, 'SIGKILL');
    pid = undefined;
    await tell('reap');
  };
  const start = async () => {
    pid = Number(await tell('start'));
    const deadline = Date.now() + 150_000;
    while (!(await isHealthy(url))) {
      if (Date.now() > deadline) throw new Error(`MLflow does not answer:\n${await readFile(log, 'utf8')}`);
      await sleep(100);
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
      const ended = once(loader, 'exit');
      loader.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function environment(folder: string): NodeJS.ProcessEnv {
  const database = `sqlite:///${join(folder, 'mlflow.db')}`;
  return {
    _MLFLOW_SERVER_FILE_STORE: database,
    _MLFLOW_SERVER_REGISTRY_STORE: database,
    _MLFLOW_SERVER_ARTIFACT_ROOT: 'mlflow-artifacts:/',
    _MLFLOW_SERVER_ARTIFACT_DESTINATION: join(folder, 'artifacts'),
    _MLFLOW_SERVER_SERVE_ARTIFACTS: 'true',
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: 'true',
    GIT_PYTHON_REFRESH: 'quiet',
  };
}

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
