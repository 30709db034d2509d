import { Client, Connection } from '@temporalio/client';
import { runPath } from '../../contracts/temporal-links.ts';
import { VideocapError } from '../../core/errors.ts';
import type { TemporalTarget } from '../../core/temporal-target.ts';
import { namesTemporal } from '../../core/temporal-variables.ts';
import type { Installation } from '../installation.ts';
import { findServices, startServices } from '../servers/services.ts';
import { temporalFault } from '../servers/temporal-health.ts';
import type { Report } from '../setup/report.ts';

/** A connection to the Temporal server that runs the experiments, and the addresses of its services. */
export interface Session {
  client: Client;
  namespace: string;
  /** Base URL of the Temporal UI, if known. */
  temporalUi?: string;
  mlflow?: string;
  /** The folder of this installation. */
  home: string;
  /** The workers are on this machine, so that what they cannot open is seen before they try. */
  isLocal: boolean;
  /** Restarts dead local services and returns their names. Does nothing for a remote server. */
  keepUp(): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * Opens a session with the server that Temporal's variables name, or with the local services.
 * @param report starts missing local services and reports that; without it, they must run already.
 * @throws VideocapError `Unavailable` when no server answers.
 */
export async function openSession(
  installation: Installation,
  { report, env = process.env }: { report?: Report; env?: NodeJS.ProcessEnv } = {},
): Promise<Session> {
  if (namesTemporal(env)) {
    const { temporalTarget } = await import('../../core/temporal-target.ts');
    const target = temporalTarget(env);
    const fault = await temporalFault(target);
    if (fault) throw new VideocapError('Unavailable', fault);
    return connected(target, {
      ...(env.TEMPORAL_UI_URL && { temporalUi: env.TEMPORAL_UI_URL }),
      ...(env.MLFLOW_TRACKING_URI && { mlflow: env.MLFLOW_TRACKING_URI }),
      home: installation.home,
      isLocal: false,
      keepUp: async () => [],
    });
  }
  const { temporal, temporalUi, mlflow } = report ? await bringUp(installation, report) : await alreadyUp(installation);
  const keepUp = async () => (await startServices(installation, { env: {} })).started;
  const local = { namespace: 'default', connection: { address: temporal } };
  return connected(local, { temporalUi, mlflow, home: installation.home, isLocal: true, keepUp });
}

/** Starts the local services that do not run, and reports it if that takes time. */
export async function bringUp(installation: Installation, report: Report) {
  const before = await findServices(installation);
  if (before?.dead.length === 0) return (await startServices(installation)).addresses;
  return (await report.step('Temporal, MLflow and the workers', () => startServices(installation))).addresses;
}

async function alreadyUp(installation: Installation) {
  const found = await findServices(installation);
  if (found && !found.dead.includes('temporal')) return found;
  throw new VideocapError('Unavailable', 'The local servers do not run; start them with: videocap up');
}

async function connected(
  { namespace, connection: options }: TemporalTarget,
  rest: Pick<Session, 'temporalUi' | 'mlflow' | 'home' | 'isLocal' | 'keepUp'>,
): Promise<Session> {
  const connection = await Connection.connect({ ...options, connectTimeout: '10s' });
  return {
    client: new Client({ connection, namespace }),
    namespace,
    ...rest,
    close: () => connection.close(),
  };
}

/** A run's page in the Temporal UI. */
export function runLink({ temporalUi, namespace }: Session, workflowId: string, runId: string): string | undefined {
  return temporalUi && `${temporalUi}${runPath(namespace, workflowId, runId)}`;
}
