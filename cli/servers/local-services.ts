import { join } from 'node:path';
import { withoutSecretVariables } from '../../core/secret-variables.ts';
import { withoutTemporalVariables } from '../../core/temporal-variables.ts';
import type { Installation } from '../installation.ts';
import type { HostPort } from './hidden-address.ts';
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

/**
 * How each service is started. All listen on loopback only, and keep their data in the home folder, which is where the
 * servers run: their names for a database are parts of URLs, in which a path with `#`, `?` or `%` would be cut. Servers
 * get no secrets. A page in a browser reaches loopback too, under any host name: MLflow answers to names of this
 * machine alone, Temporal's HTTP API, which has no switch, to none. Temporal's UI checks no name: it listens at an
 * address that pages cannot guess, behind a proxy that checks. (Temporal's gRPC port understands no browser.)
 * @param hiddenUi where the UI itself listens.
 */
export function launches(installation: Installation, ports: Ports, hiddenUi: HostPort): Record<ServiceName, Launch> {
  const { repository, home, venv } = installation;
  const at = addresses(ports);
  const log = (name: ServiceName) => join(home, 'logs', `${name}.log`);
  const typeScript = join(repository, 'core', 'run-typescript.mjs');
  return {
    temporal: {
      title: 'Temporal',
      program: join(venv, 'bin', 'temporal'),
      args: [
        ...['server', 'start-dev', '--db-filename', 'temporal.db', '--log-level', 'warn'],
        ...['--ip', '127.0.0.1', '--port', String(ports.temporal)],
        ...['--ui-ip', hiddenUi.host, '--ui-port', String(hiddenUi.port)],
        ...['--dynamic-config-value', `frontend.httpAllowedHosts=["${NO_HOST}"]`],
        ...['--dynamic-config-value', `history.transferProcessorMaxPollRPS=${LOOKS_PER_SECOND}`],
      ],
      env: { ...withoutSecretVariables(process.env), TEMPORAL_DISABLE_TELEMETRY: '1' },
      cwd: home,
      log: log('temporal'),
      isReady: () => keepFinishedRuns(at.temporal),
      patience: 90,
    },
    'temporal-ui': {
      title: 'The Temporal UI',
      program: process.execPath,
      args: [
        ...[typeScript, join(repository, 'cli', 'servers', 'temporal-ui.ts')],
        ...[String(ports.temporalUi), `http://${hiddenUi.host}:${hiddenUi.port}`],
      ],
      env: withoutSecretVariables(process.env),
      cwd: repository,
      log: log('temporal-ui'),
      isReady: () => answersHttp(at.temporalUi),
      patience: 60,
    },
    mlflow: {
      title: 'MLflow',
      program: join(venv, 'bin', 'python'),
      args: [
        ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(ports.mlflow), '--workers', '1'],
        ...['--allowed-hosts', 'localhost:*,127.0.0.1:*'],
        ...['--backend-store-uri', 'sqlite:///mlflow.db', '--artifacts-destination', 'artifacts'],
      ],
      env: { ...withoutSecretVariables(process.env), ...MLFLOW_ENVIRONMENT },
      cwd: join(home, 'mlflow'),
      log: log('mlflow'),
      isReady: () => answersHttp(`${at.mlflow}/health`),
      patience: 180,
    },
    workers: {
      title: 'The workers',
      program: process.execPath,
      args: [typeScript, installation.workers],
      env: {
        ...withoutTemporalVariables(process.env),
        TEMPORAL_ADDRESS: at.temporal,
        TEMPORAL_NAMESPACE: 'default',
        TEMPORAL_UI_URL: at.temporalUi,
        MLFLOW_TRACKING_URI: at.mlflow,
        VIDEOCAP_HOME: home,
        VIDEOCAP_QUEUES: '',
      },
      cwd: repository,
      log: log('workers'),
      isReady: async (logTail) => logTail.includes('{"ready":true}'),
      patience: 120,
    },
  };
}

/**
 * How often Temporal may look for new tasks in its queue. At its usual 20, the dozen stages of a step wait longer than
 * a step of a small model computes.
 */
const LOOKS_PER_SECOND = 1000;

/** No name resolves to a host below `.invalid` (RFC 6761). */
const NO_HOST = 'none.invalid';

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
