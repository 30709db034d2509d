import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { readSettings } from '../../../../workers/settings.ts';
import { parseNetwork, readCounters } from '../../../../workers/system-metrics/counters.ts';
import { gpuReader, parseGpus } from '../../../../workers/system-metrics/gpus.ts';
import { readLevels } from '../../../../workers/system-metrics/levels.ts';
import { nodeName, startMonitor } from '../../../../workers/system-metrics/start-monitor.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-readings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('reads this machine: what only grows, grows, and no part is more than the whole', async () => {
  const [before, now] = [readCounters(), readCounters()];
  expect(now.cores.all).toBeGreaterThanOrEqual(before.cores.all);
  expect(now.worker).toBeGreaterThanOrEqual(before.worker);
  expect(now.cores.busy).toBeGreaterThan(0);
  expect(now.cores.busy).toBeLessThan(now.cores.all);
  const { memory, worker, disk } = await readLevels(folder, async () => []);
  expect(memory.used).toBeGreaterThan(0);
  expect(memory.used).toBeLessThan(memory.all);
  expect(worker).toBeGreaterThan(1e6);
  expect(disk!.used + disk!.available).toBeGreaterThan(1e6);
});

it('has no disk while the folder is not there', async () => {
  expect((await readLevels(join(folder, 'none'), async () => [])).disk).toBeUndefined();
});

it('adds up the interfaces of /proc/net/dev', () => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier',
    '    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0',
    '  eth0:2000 20 0 0 0 0 0 0 500 5 0 0 0 0 0 0',
  ].join('\n');
  expect(parseNetwork(text)).toEqual({ received: 3000, sent: 1500 });
});

describe('GPUs', () => {
  const LINES = '0, 97, 1024, 2048, 350.50, 700.00\n1, [N/A], [N/A], 2048, [N/A], [N/A]\n';
  const READ = [
    { index: 0, busy: 97, memory: { used: 2 ** 30, all: 2 ** 31 }, power: { used: 350.5, limit: 700 } },
    { index: 1, busy: undefined, memory: undefined, power: undefined },
  ];
  const program = async (text: string) => {
    const path = join(folder, 'nvidia-smi');
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o700);
    return path;
  };

  it('are lines of nvidia-smi, which leaves out what a GPU does not tell', () => {
    expect(parseGpus(LINES)).toEqual(READ);
    expect(parseGpus('')).toEqual([]);
  });

  it('are read from the program, which sees no secret', async () => {
    process.env.GPU_TEST_TOKEN = 'secret';
    try {
      const path = await program(`[ -z "$GPU_TEST_TOKEN" ] && printf '${LINES.replaceAll('\n', '\\n')}'`);
      expect(await gpuReader(path)()).toEqual(READ);
    } finally {
      delete process.env.GPU_TEST_TOKEN;
    }
  });

  it('are none while the program fails', async () => {
    const read = gpuReader(await program('echo "No devices were found"; exit 6'));
    expect(await read()).toEqual([]);
    await program(`printf '${LINES.replaceAll('\n', '\\n')}'`);
    expect(await read()).toEqual(READ);
  });

  it('are looked for once where there is no such program', async () => {
    const read = gpuReader(join(folder, 'nvidia-smi'));
    expect(await read()).toEqual([]);
    await program(`printf '${LINES.replaceAll('\n', '\\n')}'`);
    expect(await read()).toEqual([]);
  });
});

it.each([
  ['gpu1.example.org', 'gpu1-42'],
  ['videocap-torch-5d9c7b6f4-x2x9z', 'videocap-torch-5d9c7b6f4-x2x9z-42'],
  ["Ann's laptop", 'Ann-s-laptop-42'],
])('a worker on %s is %s', (host, name) => {
  expect(nodeName(host, 42)).toBe(name);
});

it('a worker has no monitor where the settings turn it off', () => {
  const settings = readSettings({ MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false' });
  const parts = { log: { debug: () => undefined }, signal: new AbortController().signal };
  expect(startMonitor(settings, new ArtifactStore(folder), parts)).toBeUndefined();
});
