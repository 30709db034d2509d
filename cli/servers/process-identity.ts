import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { listProcesses, readProcess } from './process-table.ts';

/**
 * The system reuses process ids. A process id together with its start time identifies one process for ever, so
 * that no command kills a foreign process.
 */
export interface ProcessIdentity {
  pid: number;
  started: string;
}

/** The identity of the process with this id; `undefined` if there is none, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const found = readProcess(pid);
  return found && { pid, started: `${bootId()}${found.started}` };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/**
 * Ends a process that leads its own group, and the group with it: asks, waits, then kills. Returns once nothing of it
 * is left. Does nothing when the process id now belongs to another process.
 */
export async function endGroup(leader: ProcessIdentity, graceMilliseconds: number): Promise<void> {
  const current = identify(leader.pid);
  if (current && current.started !== leader.started) return;
  const members = () => listProcesses().filter(({ group }) => group === leader.pid);
  if (members().length === 0) return;
  signalGroup(leader.pid, 'SIGTERM');
  const deadline = performance.now() + graceMilliseconds;
  while (members().length > 0) {
    if (performance.now() >= deadline) signalGroup(leader.pid, 'SIGKILL');
    await sleep(50);
  }
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Start times on Linux count from the boot; this says which boot. */
function bootId(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:`;
  } catch {
    return '';
  }
}
