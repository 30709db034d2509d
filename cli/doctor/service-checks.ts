import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { VideocapError } from '../../core/errors.ts';
import { openSharedStorage } from '../../core/open-storage.ts';
import type { TemporalTarget } from '../../core/temporal-target.ts';
import { MlflowClient } from '../../tracking/mlflow-client.ts';
import { missingSearchAttributes, unregistered } from '../../workers/search-attributes.ts';
import { workersOf } from '../run/waiting-activities.ts';
import { temporalFault } from '../servers/temporal-health.ts';
import type { Check } from './check.ts';
import { judgeAnswers } from './judge-check.ts';
import { versionOf } from './version-check.ts';

/** The services that a host uses. */
export interface Services {
  temporal: TemporalTarget;
  mlflowUrl: string;
  home: string;
  /** The bucket of the store; default the folder `<home>/store`. */
  store: string | undefined;
  /** All queues of the project. */
  queues: readonly string[];
  /** The queues that this host is to serve. */
  served: readonly string[];
  /** The revision that a worker of this host is, where workers have versions. */
  version: WorkerDeploymentVersion | undefined;
  /** A config whose judge is to be reached. */
  config: string | undefined;
}

export function serviceChecks(services: Services): Check[] {
  const { config, home } = services;
  const found = temporal(services);
  const answers = found.then(
    () => true,
    () => false,
  );
  /** What only Temporal knows is asked where it answers: each question to a server that is away takes ten seconds. */
  const asked = (name: string, ask: (services: Services) => Promise<string>): Check => ({
    name,
    run: async () => {
      if (await answers) return ask(services);
      throw new VideocapError('Unavailable', 'not asked, since Temporal does not answer');
    },
    optional: true,
  });
  return [
    { name: 'Temporal', run: () => found },
    asked('search', searchAttributes),
    asked('workers', workers),
    asked('revision', revision),
    { name: 'store', run: () => store(services) },
    { name: 'MLflow', run: () => mlflow(services) },
    ...(config === undefined ? [] : [{ name: 'judge', run: () => judgeAnswers(config, home) }]),
  ];
}

async function temporal({ temporal: target }: Services): Promise<string> {
  const fault = await temporalFault(target);
  if (fault) throw new VideocapError('Unavailable', fault);
  const { address, tls, apiKey } = target.connection;
  const by = [tls ? 'TLS' : 'no TLS', ...(apiKey ? ['API key'] : [])].join(', ');
  return withClient(target, async (client) => {
    const { serverVersion } = await client.workflowService.getSystemInfo({});
    return `${address}, namespace ${target.namespace}, server ${serverVersion}, ${by}`;
  });
}

/** By what the UI finds runs. */
async function searchAttributes({ temporal: target }: Services): Promise<string> {
  const missing = await withClient(target, ({ connection }) =>
    missingSearchAttributes(connection as Connection, target.namespace),
  );
  if (missing.length > 0) throw unregistered(missing, target.namespace);
  return `attributes ${Object.values(SEARCH_ATTRIBUTES)
    .map(({ name }) => name)
    .join(', ')}`;
}

/** How many workers ask for the work of each queue, of this host and of others. */
async function workers({ temporal: target, queues }: Services): Promise<string> {
  const counts = await withClient(target, (client) =>
    Promise.all(queues.map(async (name) => [name, await workersOf(client, name)] as const)),
  );
  const unserved = counts.filter(([, count]) => count === 0).map(([name]) => name);
  if (unserved.length > 0)
    throw new VideocapError(
      'Unavailable',
      `No worker serves ${unserved.join(', ')}; start one with: videocap worker --queues ${unserved.join(',')}`,
    );
  return counts.map(([name, count]) => `${name} ${count}`).join(', ');
}

function revision({ temporal: target, version, served }: Services): Promise<string> {
  return withClient(target, (client) => versionOf(client, version, served));
}

/** A bucket is tried with conditional writes, a folder with a file that is created and removed. */
async function store({ home, store: url }: Services): Promise<string> {
  if (url !== undefined) {
    const { place } = await openSharedStorage(home, url, { patienceMilliseconds: 3000, attempts: 1 });
    return `${place}, conditional writes work`;
  }
  const folder = join(home, 'store');
  const probe = join(folder, `.doctor-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, 'probe', { flag: 'wx', flush: true });
  } catch (error) {
    throw new VideocapError(
      'Unavailable',
      `${folder} cannot be written (${(error as Error).message}); make it writable, or set VIDEOCAP_HOME or ` +
        'VIDEOCAP_STORE.',
    );
  } finally {
    await rm(probe, { force: true });
  }
  return `${folder}, of this host alone`;
}

async function mlflow({ mlflowUrl }: Services): Promise<string> {
  const client = new MlflowClient({ url: mlflowUrl, timeoutSeconds: 10, attempts: 1 });
  try {
    await client.experimentByName('videocap');
  } catch (error) {
    throw new VideocapError(
      'Unavailable',
      `${client.url} does not answer as MLflow does (${(error as Error).message}); correct MLFLOW_TRACKING_URI or ` +
        'its credentials.',
    );
  }
  return client.url;
}

async function withClient<T>({ namespace, connection: options }: TemporalTarget, use: (client: Client) => Promise<T>) {
  const connection = await Connection.connect({ ...options, connectTimeout: '10s' });
  try {
    return await use(new Client({ connection, namespace }));
  } finally {
    await connection.close();
  }
}
