import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What only grows. Two of them give a mean of the time between. */
export interface Counters {
  /** Milliseconds of all cores together: those in which they computed, and all. */
  cores: { busy: number; all: number };
  /** Milliseconds in which a core computed for this process. */
  worker: number;
  /** Bytes over all of the machine's network interfaces. Absent where the system has no such file. */
  network?: { received: number; sent: number } | undefined;
}

export function readCounters(): Counters {
  const cores = cpus().map(({ times: { idle, ...busy } }) => ({
    idle,
    busy: Object.values(busy).reduce((sum, each) => sum + each, 0),
  }));
  const busy = cores.reduce((sum, core) => sum + core.busy, 0);
  const { user, system } = process.cpuUsage();
  return {
    cores: { busy, all: cores.reduce((sum, core) => sum + core.idle, busy) },
    worker: (user + system) / 1000,
    network: readNetwork(),
  };
}

function readNetwork(): Counters['network'] {
  try {
    return parseNetwork(readFileSync('/proc/net/dev', 'utf8'));
  } catch {
    return undefined; // not Linux
  }
}

/** The ninth number of an interface is what it has sent; the first, what it has received. */
export function parseNetwork(text: string): { received: number; sent: number } {
  const interfaces = [...text.matchAll(/^\s*\S+:\s*(.*)$/gm)].map(([, numbers]) => numbers!.split(/\s+/).map(Number));
  return {
    received: interfaces.reduce((sum, numbers) => sum + numbers[0]!, 0),
    sent: interfaces.reduce((sum, numbers) => sum + numbers[8]!, 0),
  };
}
