import { randomInt } from 'node:crypto';
import { freePort } from './ports.ts';

export interface HostPort {
  host: string;
  port: number;
}

/**
 * A loopback address that a web page cannot guess, for a server that our own processes alone are to reach: one of
 * 16 million hosts and a free port of it. Systems that have 127.0.0.1 alone, such as macOS, give a port of that.
 */
export async function hiddenAddress(taken: readonly number[] = []): Promise<HostPort> {
  const host = `127.${[randomInt(1, 255), randomInt(256), randomInt(1, 255)].join('.')}`;
  try {
    return { host, port: await freePort(host) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw error;
    return { host: '127.0.0.1', port: await freePort('127.0.0.1', taken) };
  }
}
