import { expect, it } from 'vitest';
import { metricsOf } from '../../../../workers/system-metrics/metrics-of.ts';

const first = { cores: { busy: 0, all: 0 }, worker: 0, network: { received: 5e6, sent: 1e6 } };
const before = { cores: { busy: 1000, all: 10_000 }, worker: 500, network: { received: 6e6, sent: 1e6 } };
const now = { cores: { busy: 6000, all: 30_000 }, worker: 4500, network: { received: 9e6, sent: 3e6 } };
const levels = {
  memory: { used: 8e9, all: 32e9 },
  worker: 2e9,
  disk: { used: 75e9, available: 25e9 },
  gpus: [
    { index: 0, busy: 97, memory: { used: 70e9, all: 140e9 }, power: { used: 350, limit: 700 } },
    { index: 1, busy: 0, memory: undefined, power: undefined },
  ],
};

it("has the names and units of MLflow's monitor, and what the worker itself takes", () => {
  // Names: `collect_metrics` in MLflow 3's `mlflow/system_metrics/metrics/*.py`; those of the worker are ours.
  expect(metricsOf({ now, before, first, levels })).toEqual({
    cpu_utilization_percentage: 25,
    worker_cpu_utilization_percentage: 20,
    system_memory_usage_megabytes: 8000,
    system_memory_usage_percentage: 25,
    worker_memory_usage_megabytes: 2000,
    disk_usage_percentage: 75,
    disk_usage_megabytes: 75_000,
    disk_available_megabytes: 25_000,
    network_receive_megabytes: 4,
    network_transmit_megabytes: 2,
    gpu_0_utilization_percentage: 97,
    gpu_0_memory_usage_percentage: 50,
    gpu_0_memory_usage_megabytes: 70_000,
    gpu_0_power_usage_watts: 350,
    gpu_0_power_usage_percentage: 50,
    gpu_1_utilization_percentage: 0,
  });
});

it('leaves out what the system does not tell', () => {
  const silent = { ...now, network: undefined };
  const bare = { ...levels, disk: undefined, gpus: [] };
  expect(Object.keys(metricsOf({ now: silent, before: silent, first, levels: bare }))).toEqual([
    'system_memory_usage_megabytes',
    'system_memory_usage_percentage',
    'worker_memory_usage_megabytes',
  ]);
});
