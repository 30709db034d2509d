import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownPort } from '../own-port.ts';
import { tellMlflow } from './mlflow-loader.ts';

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
 * A real MLflow server on a free loopback port with data of its own: what `mlflow server` starts, without its command
 * line, which takes longer to load than the server.
 * @param from a folder of data to begin with.
 */
export async function startMlflow(from?: string): Promise<MlflowServer> {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-mlflow-'));
  if (from !== undefined) await cp(from, folder, { recursive: true });
  const port = await ownPort();
  const url = `http://127.0.0.1:${port}`;
  const database = `sqlite:///${join(folder, 'mlflow.db')}`;
  const environment = {
    _MLFLOW_SERVER_FILE_STORE: database,
    _MLFLOW_SERVER_REGISTRY_STORE: database,
    _MLFLOW_SERVER_ARTIFACT_DESTINATION: join(folder, 'artifacts'),
  };
  let pid: number | undefined;
  const stop = async () => {
    if (pid === undefined) return;
    await tellMlflow({ kill: pid });
    pid = undefined;
  };
  const start = async () => {
    pid = Number(await tellMlflow({ start: { port, folder, environment } }));
    const deadline = Date.now() + 150_000;
    while (!(await isHealthy(url))) {
      if (Date.now() > deadline)
        throw new Error(`MLflow does not answer:\n${await readFile(join(folder, 'log.txt'), 'utf8')}`);
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
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
