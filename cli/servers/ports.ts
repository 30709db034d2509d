import { createServer } from 'node:net';
import { VideocapError } from '../../core/errors.ts';

/** The environment variables that fix a port, in the order in which the ports are chosen. */
export const PORT_VARIABLES = {
  temporal: 'VIDEOCAP_TEMPORAL_PORT',
  temporalUi: 'VIDEOCAP_TEMPORAL_UI_PORT',
  mlflow: 'VIDEOCAP_MLFLOW_PORT',
  judge: 'VIDEOCAP_JUDGE_PORT',
} as const;
export type PortName = keyof typeof PORT_VARIABLES;

/** The port that an environment variable asks for; `undefined` when it is not set. */
export function requestedPort(name: PortName, env: NodeJS.ProcessEnv): number | undefined {
  const variable = PORT_VARIABLES[name];
  const text = env[variable];
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new VideocapError(
      'InvalidInput',
      `${variable}=${text} is no port; set a number from 1 to 65535, or unset it for a free one.`,
    );
  return port;
}

/**
 * The loopback port for a server: the requested one, else the previous one if it is free (so that links stay
 * valid), else any free one; never one of `taken`.
 * @throws VideocapError `InvalidInput` when the requested port is taken.
 */
export async function choosePort(
  name: PortName,
  env: NodeJS.ProcessEnv,
  { before, taken = [] }: { before?: number | undefined; taken?: readonly number[] } = {},
): Promise<number> {
  const usable = async (port: number) => !taken.includes(port) && (await isFree(port));
  const requested = requestedPort(name, env);
  if (requested !== undefined) {
    if (await usable(requested)) return requested;
    throw new VideocapError(
      'InvalidInput',
      `Port ${requested} (${PORT_VARIABLES[name]}) is in use; stop what uses it, set another port, or unset the ` +
        'variable for a free one.',
    );
  }
  if (before !== undefined && (await usable(before))) return before;
  return freePort(LOOPBACK, taken);
}

const LOOPBACK = '127.0.0.1';

/** Any free port of a host, but those `taken`. */
export async function freePort(host: string, taken: readonly number[] = []): Promise<number> {
  for (;;) {
    const port = await listenOnce(host, 0);
    if (!taken.includes(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return listenOnce(LOOPBACK, port).then(
    () => true,
    () => false,
  );
}

/** Binds a port for a moment, and returns its number. */
function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const { port: taken } = server.address() as { port: number };
      server.close(() => resolve(taken));
    });
  });
}
