import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findInstallation } from '../../../cli/installation.ts';
import { startWorker } from '../../chaos/worker-process.ts';
import { atMost } from '../goal.ts';
import type { Row } from '../row.ts';
import { BenchWorld } from '../world.ts';

const LOOK_MILLISECONDS = 20;

/** How long a person waits. The goals are those of this project; there is no peer. */
export const starts: Row[] = [
  {
    name: 'start-status',
    title: 'start: `videocap status`',
    unit: 's',
    work: 'From the command to its end, with a Temporal server that has one finished run.',
    goals: [atMost(0.5, 's')],
    minutes: 2,
    async open() {
      const world = await BenchWorld.start();
      await world.run({ 'algorithm.steps': 1, 'dataset.trainSamples': 8, 'dataset.heldOutSamples': 1 });
      const command = [join(findInstallation().repository, 'cli', 'videocap.mjs'), 'status'];
      const env = { ...process.env, TEMPORAL_ADDRESS: world.temporal.address, VIDEOCAP_HOME: world.home };
      return {
        own: () => seconds(() => promisify(execFile)(process.execPath, command, { env })),
        peers: [],
        close: () => world.stop(),
      };
    },
  },
  {
    name: 'start-worker',
    title: 'start: a worker polls every queue',
    unit: 's',
    work: 'From the process to its first polls, with the workflows bundled before.',
    goals: [atMost(2, 's')],
    minutes: 2,
    async open() {
      const world = await BenchWorld.start();
      return {
        own: async () => {
          const begun = performance.now();
          const worker = await startWorker({ ...world.place, home: join(world.home, 'second') });
          const taken = (performance.now() - begun) / 1000;
          await worker.kill();
          return taken;
        },
        peers: [],
        close: () => world.stop(),
      };
    },
  },
  {
    name: 'start-quickstart',
    title: 'start: quickstart to its first step',
    unit: 's',
    work:
      'From `npm run quickstart` without servers and data, with everything installed, to the record of step 1: ' +
      'servers, worker, data set, base benchmark, step.',
    goals: [],
    minutes: 6,
    async open() {
      const folders: string[] = [];
      return {
        async own() {
          const home = await mkdtemp(join(tmpdir(), 'videocap-bench-start-'));
          folders.push(home);
          await symlink(join(findInstallation().home, 'models'), join(home, 'models'));
          return secondsToFirstStep(home);
        },
        peers: [],
        close: async () => {
          for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    },
  },
];

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

/** Starts the quickstart, waits for the record of its first step, and ends its processes. */
async function secondsToFirstStep(home: string): Promise<number> {
  const program = join(findInstallation().repository, 'cli', 'videocap.mjs');
  const env = { ...process.env, VIDEOCAP_HOME: home };
  const begun = performance.now();
  const child = spawn(process.execPath, [program, 'quickstart'], { env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    while (!(await hasFirstRecord(join(home, 'store', 'runs')))) {
      if (child.exitCode !== null)
        throw new Error(`The quickstart ended with ${child.exitCode} before its first step.`);
      await sleep(LOOK_MILLISECONDS);
    }
    return (performance.now() - begun) / 1000;
  } finally {
    child.kill('SIGKILL');
    await ended;
    await promisify(execFile)(process.execPath, [program, 'down'], { env }).catch(() => undefined);
  }
}

async function hasFirstRecord(runs: string): Promise<boolean> {
  const keys = await readdir(runs).catch(() => []);
  return keys.some((key) => existsSync(join(runs, key, 'records', 'step-000001.json.ref')));
}
