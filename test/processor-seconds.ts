/** Seconds of the processor that this process takes meanwhile: unlike those of a clock, a busy machine adds none. */
export function processorSeconds(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
