import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE } from '../../core/durable-file.ts';
import { VideocapError } from '../../core/errors.ts';
import type { Installation } from '../installation.ts';
import { hiddenAddress } from './hidden-address.ts';
import { withHomeLock } from './home-lock.ts';
import { launch } from './launch.ts';
import { type Addresses, addresses, launches, type Ports } from './local-services.ts';
import { choosePort, PORT_VARIABLES, type PortName, requestedPort } from './ports.ts';
import { endGroup, isAlive } from './process-identity.ts';
import { readState, SERVICE_NAMES, type ServiceName, type ServiceState, writeState } from './service-state.ts';

export interface Running {
  addresses: Addresses;
  /** Services that were started by this call; the others ran already. */
  started: ServiceName[];
}

const GRACE_MILLISECONDS: Record<ServiceName, number> = {
  ...{ temporal: 10_000, 'temporal-ui': 2000 },
  ...{ mlflow: 10_000, workers: 15_000 },
};

/**
 * Starts the development servers and the workers that do not run, and returns when all do. Running services stay as
 * they are, so a second call restarts a dead service, on the same port and with its data.
 * @param tell is called with the name of each service before its start.
 * @throws VideocapError when a requested port is taken, or a service does not start (with the end of its log).
 */
export async function startServices(
  installation: Installation,
  { env = process.env, tell = () => {} }: { env?: NodeJS.ProcessEnv; tell?: (name: ServiceName) => void } = {},
): Promise<Running> {
  const { home } = installation;
  return withHomeLock(home, async () => {
    const state = await readState(home);
    const dead = SERVICE_NAMES.filter((name) => !runs(state, name));
    // A service that died may have left processes behind, which hold its port and its data.
    for (const name of dead) if (state.services[name]) await endGroup(state.services[name], 0);
    const ports = await choosePorts(state, env);
    if (dead.length === 0) return { addresses: addresses(ports), started: [] };
    state.ports = ports;
    if (dead.includes('temporal')) state.hiddenUi = await hiddenAddress(Object.values(ports));
    await mkdir(join(home, 'mlflow', 'artifacts'), { recursive: true, mode: PRIVATE.folder });
    const specs = launches(installation, ports, state.hiddenUi!);
    let saved = Promise.resolve();
    const start = async (name: ServiceName) => {
      if (!dead.includes(name)) return;
      tell(name);
      await launch(specs[name], (record) => {
        state.services[name] = record;
        saved = saved.then(() => writeState(home, state));
        return saved;
      });
    };
    const temporal = start('temporal');
    const results = await Promise.allSettled([
      temporal.then(() => start('temporal-ui')),
      temporal.then(() => start('workers')),
      start('mlflow'),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return { addresses: addresses(ports), started: dead };
  });
}

/** Stops the running services, workers first. @returns their names. */
export async function stopServices({ home }: Installation): Promise<ServiceName[]> {
  return withHomeLock(home, async () => {
    const state = await readState(home);
    const running = SERVICE_NAMES.filter((name) => runs(state, name));
    const stop = async (name: ServiceName) => {
      const record = state.services[name];
      if (record) await endGroup(record, GRACE_MILLISECONDS[name]);
    };
    await stop('workers');
    await Promise.all([stop('temporal-ui'), stop('temporal'), stop('mlflow')]);
    await writeState(home, { ports: state.ports, services: {} });
    return running;
  });
}

/** Addresses of this home's services, even of dead ones; `undefined` if none ever ran. */
export async function findServices({ home }: Installation): Promise<(Addresses & { dead: ServiceName[] }) | undefined> {
  const state = await readState(home);
  const { temporal, temporalUi, mlflow } = state.ports;
  if (temporal === undefined || temporalUi === undefined || mlflow === undefined) return undefined;
  return {
    ...addresses({ temporal, temporalUi, mlflow }),
    dead: SERVICE_NAMES.filter((name) => !runs(state, name)),
  };
}

/**
 * Whether a service runs and does its work: the UI's proxy does none without Temporal, and a Temporal whose UI has no
 * hidden address was started by an earlier version, with its UI open to every page.
 */
function runs(state: ServiceState, name: ServiceName): boolean {
  const record = state.services[name];
  if (record === undefined || !isAlive(record)) return false;
  if (name === 'temporal-ui') return runs(state, 'temporal');
  return name !== 'temporal' || state.hiddenUi !== undefined;
}

/** The servers' ports: those of running servers, else new ones; all different. */
async function choosePorts(state: ServiceState, env: NodeJS.ProcessEnv): Promise<Ports> {
  const chosen: Partial<Ports> = {};
  for (const [name, owner] of PORT_OWNERS) {
    const before = state.ports[name];
    chosen[name] =
      before !== undefined && runs(state, owner)
        ? samePort(name, before, env)
        : await choosePort(name, env, { before, taken: Object.values(chosen) });
  }
  return chosen as Ports;
}

const PORT_OWNERS = [
  ['temporal', 'temporal'],
  ['temporalUi', 'temporal-ui'],
  ['mlflow', 'mlflow'],
] as const satisfies [PortName, ServiceName][];

function samePort(name: PortName, running: number, env: NodeJS.ProcessEnv): number {
  const requested = requestedPort(name, env);
  if (requested !== undefined && requested !== running)
    throw new VideocapError(
      'InvalidInput',
      `${PORT_VARIABLES[name]} asks for port ${requested}, but that server runs on ${running}; stop it first ` +
        '(videocap down), or unset the variable.',
    );
  return running;
}
