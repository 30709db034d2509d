import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The real worker, `workers/local.ts`, as a process of its own that a test can kill. */
export interface WorkerProcess {
  /** SIGKILL: no goodbye to Temporal, nothing flushed. */
  kill(): Promise<void>;
}

export interface WorkerPlace {
  temporalAddress: string;
  mlflowUrl: string;
  home: string;
}

/** Starts a worker and returns once it polls. */
export async function startWorker({ temporalAddress, mlflowUrl, home }: WorkerPlace): Promise<WorkerProcess> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('../../workers/local.ts', import.meta.url))],
    {
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: temporalAddress,
        MLFLOW_TRACKING_URI: mlflowUrl,
        VIDEOCAP_HOME: home,
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  await ready(child);
  return {
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function ready(child: ChildProcess): Promise<void> {
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log = (log + chunk).slice(-4000);
  });
  for await (const chunk of child.stdout!) if (String(chunk).includes('"ready":true')) return;
  throw new Error(`The worker ended before it was ready:\n${log}`);
}
