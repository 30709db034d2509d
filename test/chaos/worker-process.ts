import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The real worker, `workers/local.ts`, as a process of its own that a test can kill. */
export interface WorkerProcess {
  pid: number;
  /** SIGKILL: no goodbye to Temporal, nothing flushed. */
  kill(): Promise<void>;
  /** SIGTERM, as a service manager sends it; resolves once the worker has handed back its work and ended. */
  drain(): Promise<void>;
  /** Resolves to what ended the process: a signal or an exit code. */
  ended: Promise<string>;
  /** Everything that it has written to standard output and error. */
  log(): string;
}

export interface WorkerPlace {
  temporalAddress: string;
  mlflowUrl: string;
  home: string;
  /** More of its environment. */
  env?: NodeJS.ProcessEnv;
  /** Of another revision. Default: this one. */
  checkout?: string;
  /** What Node runs there. Default: this revision's worker. */
  program?: string[];
}

const PROGRAM = ['core/run-typescript.mjs', 'workers/local.ts'];

/** Starts a worker and returns once it polls. */
export async function startWorker(place: WorkerPlace): Promise<WorkerProcess> {
  const { temporalAddress, mlflowUrl, home, env, checkout = '.', program = PROGRAM } = place;
  const child = spawn(process.execPath, program, {
    cwd: checkout,
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: temporalAddress,
      MLFLOW_TRACKING_URI: mlflowUrl,
      VIDEOCAP_HOME: home,
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      log += chunk;
    });
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code));
  await ready(child, () => log);
  return {
    pid: child.pid!,
    ended,
    log: () => log,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async drain() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function ready(child: ChildProcess, log: () => string): Promise<void> {
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The worker ended before it was ready:\n${log().slice(-4000)}`);
  });
  const polls = new Promise<void>((resolve) => {
    child.stdout!.on('data', () => log().includes('"ready":true') && resolve());
  });
  await Promise.race([polls, ended]);
  // Its end is expected from now on.
  ended.catch(() => undefined);
}
