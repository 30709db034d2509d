import { cpus, loadavg, totalmem } from 'node:os';

/** What a measurement was made on, and what else the machine did. */
export function machineText(): string {
  const [first, ...others] = cpus();
  const [load] = loadavg();
  return (
    `${others.length + 1} x ${first!.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Node ${process.versions.node}; load average before: ${load!.toFixed(1)}`
  );
}
