import { join } from 'node:path';
import type { Installation } from '../installation.ts';
import type { Launch } from './launch.ts';
import type { ServiceName } from './service-state.ts';
import { keepFinishedRuns } from './temporal-health.ts';

export interface Ports {
  temporal: number;
  temporalUi: number;
  mlflow: number;
}

/** Addresses of the services. */
export interface Addresses {
  temporal: string;
  temporalUi: string;
  mlflow: string;
}

export function addresses({ temporal, temporalUi, mlflow }: Ports): Addresses {
  return {
    temporal: `127.0.0.1:${temporal}`,
    temporalUi: `http://127.0.0.1:${temporalUi}`,
    mlflow: `http://127.0.0.1:${mlflow}`,
  };
}

/** How each service is started. All listen on loopback only, and keep their data in the home folder. */
export function launches(installation: Installation, ports: Ports): Record<ServiceName, Launch> {
  const { repository, home, venv } = installation;
  const at = addresses(ports);
  const log = (name: ServiceName) => join(home, 'logs', `${name}.log`);
  return {
    temporal: {
      title: 'Temporal',
      program: join(venv, 'bin', 'temporal'),
      args: [
        ...['server', 'start-dev', '--db-filename', join(home, 'temporal.db'), '--log-level', 'warn'],
        ...['--ip', '127.0.0.1', '--port', String(ports.temporal)],
        ...['--ui-ip', '127.0.0.1', '--ui-port', String(ports.temporalUi)],
      ],
      env: { ...process.env, TEMPORAL_DISABLE_TELEMETRY: '1' },
      cwd: repository,
      log: log('temporal'),
      isReady: () => keepFinishedRuns(at.temporal),
      patience: 90,
    },
    mlflow: {
      title: 'MLflow',
      program: join(venv, 'bin', 'python'),
      args: [
        ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(ports.mlflow), '--workers', '1'],
        ...['--backend-store-uri', `sqlite:///${join(home, 'mlflow', 'mlflow.db')}`],
        ...['--artifacts-destination', join(home, 'mlflow', 'artifacts')],
      ],
      env: { ...process.env, ...MLFLOW_ENVIRONMENT },
      cwd: repository,
      log: log('mlflow'),
      isReady: () => answersHttp(`${at.mlflow}/health`),
      patience: 180,
    },
    workers: {
      title: 'The workers',
      program: process.execPath,
      args: [join(repository, 'core', 'run-typescript.mjs'), installation.workers],
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: at.temporal,
        TEMPORAL_NAMESPACE: 'default',
        TEMPORAL_UI_URL: at.temporalUi,
        MLFLOW_TRACKING_URI: at.mlflow,
        VIDEOCAP_HOME: home,
      },
      cwd: repository,
      log: log('workers'),
      isReady: async (logTail) => logTail.includes('{"ready":true}'),
      patience: 120,
    },
  };
}

/**
 * Job execution (seven processes, a gigabyte) serves scheduled evaluation of traces, which nothing here uses. The rest
 * turns off the server's telemetry and its search for git.
 */
const MLFLOW_ENVIRONMENT = {
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  DO_NOT_TRACK: 'true',
  GIT_PYTHON_REFRESH: 'quiet',
  PYTHONUNBUFFERED: '1',
  // The user's own Python modules must not replace the locked ones.
  PYTHONPATH: undefined,
  PYTHONHOME: undefined,
};

async function answersHttp(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
