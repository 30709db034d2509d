import { VideocapError } from '../core/errors.ts';

/** Where a worker's own HTTP server listens. */
export interface ListenAddress {
  host: string;
  port: number;
}

/**
 * Reads `9100`, `0.0.0.0:9100` or `[::1]:9100`; a port alone is of this machine only.
 * @throws VideocapError `InvalidConfig` naming the variable.
 */
export function listenAddress(variable: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined || text === '') return undefined;
  const [, host, digits] = /^(?:(\[[\da-f:]+\]|[\w.-]+):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port >= 1 && port <= 65_535)
    return { host: host?.replace(/^\[(.*)\]$/, '$1') ?? '127.0.0.1', port };
  throw new VideocapError('InvalidConfig', `${variable} is "${text}"; set it to an address such as 127.0.0.1:9100.`);
}
