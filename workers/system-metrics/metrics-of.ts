import type { Counters } from './counters.ts';
import type { Gpu } from './gpus.ts';
import type { Levels } from './levels.ts';

export interface Readings {
  now: Counters;
  /** Of the sample before. */
  before: Counters;
  /** When the worker began. */
  first: Counters;
  levels: Levels;
}

/**
 * Readings by the names and in the units of MLflow's own monitor (`mlflow/system_metrics`), and the part of this
 * process as `worker_*`. Percentages of CPUs are those of all cores.
 */
export function metricsOf({ now, before, first, levels }: Readings): Record<string, number> {
  const { memory, worker, disk, gpus } = levels;
  const all = now.cores.all - before.cores.all;
  return {
    ...(all > 0 && {
      cpu_utilization_percentage: percentage(now.cores.busy - before.cores.busy, all),
      worker_cpu_utilization_percentage: percentage(now.worker - before.worker, all),
    }),
    system_memory_usage_megabytes: megabytes(memory.used),
    system_memory_usage_percentage: percentage(memory.used, memory.all),
    worker_memory_usage_megabytes: megabytes(worker),
    ...(disk && {
      disk_usage_percentage: percentage(disk.used, disk.used + disk.available),
      disk_usage_megabytes: megabytes(disk.used),
      disk_available_megabytes: megabytes(disk.available),
    }),
    ...(now.network &&
      first.network && {
        network_receive_megabytes: megabytes(now.network.received - first.network.received),
        network_transmit_megabytes: megabytes(now.network.sent - first.network.sent),
      }),
    ...Object.assign({}, ...gpus.map(metricsOfGpu)),
  };
}

function metricsOfGpu({ index, busy, memory, power }: Gpu): Record<string, number> {
  const name = `gpu_${index}`;
  return {
    ...(busy !== undefined && { [`${name}_utilization_percentage`]: busy }),
    ...(memory && {
      [`${name}_memory_usage_percentage`]: percentage(memory.used, memory.all),
      [`${name}_memory_usage_megabytes`]: megabytes(memory.used),
    }),
    ...(power && {
      [`${name}_power_usage_watts`]: power.used,
      [`${name}_power_usage_percentage`]: percentage(power.used, power.limit),
    }),
  };
}

function percentage(part: number, whole: number): number {
  return (100 * part) / whole;
}

function megabytes(bytes: number): number {
  return bytes / 1e6;
}
