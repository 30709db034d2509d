import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { priorityOf, type RunType } from '../../cli/run/priority.ts';
import { startWorker, type WorkerProcess } from '../chaos/worker-process.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import type { Begun } from './busy-worker.ts';

const USERS = ['ada', 'bob', 'cem', 'dee'];
const RUNS_OF_USER = 5;
const WINDOW = 60_000;
/** As `busy-worker.ts` has them; importing it would start it. */
const ENGINES = 2;
const STAGE = 1000;

let temporal: TestWorkflowEnvironment;
let worker: WorkerProcess;
beforeAll(async () => {
  temporal = await startTemporal('--dynamic-config-value', 'matching.enableFairness=true');
});
beforeEach(async () => {
  const program = ['core/run-typescript.mjs', 'test/hosts/busy-worker.ts'];
  const nowhere = { mlflowUrl: 'http://127.0.0.1:9', home: '/nonexistent' };
  worker = await startWorker({ temporalAddress: temporal.address, ...nowhere, program });
});
afterEach(() => worker.kill());
afterAll(() => temporal?.teardown());

function start(type: RunType, workflowId: string, user: string, input: object) {
  const options = { taskQueue: 'videocap', workflowId, priority: priorityOf(type, user) };
  return temporal.client.workflow.start(type, { ...options, args: [input] });
}

const begun = (): Begun[] =>
  worker
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{"run"'))
    .map((line) => JSON.parse(line));

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The longest mean wait of a user divided by the shortest, of stages that begin in each minute. */
function ratios(stages: readonly Begun[]): number[] {
  const [first, last] = [stages[0]!.at, stages.at(-1)!.at];
  const found: number[] = [];
  for (let from = first; from === first || from + WINDOW <= last; from += 1000) {
    const within = stages.filter(({ at }) => at >= from && at < from + WINDOW);
    const means = USERS.map((name) => mean(within.filter(({ user }) => user === name).map(({ waited }) => waited)));
    found.push(Math.max(...means) / Math.min(...means));
  }
  return found;
}

/** Peak memory in MB of this file's server and worker. */
async function memory(): Promise<string> {
  const ofChild = async (id: string) => {
    const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
    const [, parent] = /^PPid:\s+(\d+)/m.exec(status) ?? [];
    const [, name] = /^Name:\s+(.+)/m.exec(status) ?? [];
    const [, peak] = /^VmHWM:\s+(\d+)/m.exec(status) ?? [];
    return Number(parent) === process.pid && peak ? [`${name} ${Math.round(Number(peak) / 1024)} MB`] : [];
  };
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(ids.map(ofChild))).flat().join(', ');
}

it('20 runs of 4 users: in no minute does one user wait 1.5 times as long as another', async () => {
  const runs = [];
  // One after the other: the first user is there before the last.
  for (const user of USERS)
    for (let i = 0; i < RUNS_OF_USER; i++)
      runs.push(await start('trainingRun', `${user}-${i}`, user, { overrides: { 'algorithm.steps': 4 } }));
  const ends: number[] = [];
  await Promise.all(runs.map((run) => run.result().then(() => ends.push(Date.now()))));
  // Once a run has ended, its user has fewer that wait.
  const whileAll = begun().filter(({ at }) => at < Math.min(...ends));
  const seconds = (whileAll.at(-1)!.at - whileAll[0]!.at) / 1000;
  const busy = (whileAll.length * STAGE) / 1000 / seconds / ENGINES;
  const worst = Math.max(...ratios(whileAll));
  const perUser = USERS.map((name) => mean(whileAll.filter(({ user }) => user === name).map(({ waited }) => waited)));
  console.info(
    `${whileAll.length} stages in ${Math.round(seconds)} s, engines busy ${Math.round(100 * busy)}%; mean waits ` +
      `${perUser.map((wait) => (wait / 1000).toFixed(1)).join(', ')} s, worst ratio ${worst.toFixed(2)}; ` +
      `peak memory: ${await memory()}`,
  );
  expect(seconds).toBeGreaterThan(60);
  expect(worst).toBeLessThanOrEqual(1.5);
}, 900_000);

it('a smoke run begins within 10 s while a sweep has 24 runs', async () => {
  const sweep = await start('ablationSweep', 'sweep', 'ada', { sweep: 'two-arms' });
  const ofSweep = () => new Set(begun().map(({ run }) => run)).size;
  await expect.poll(ofSweep, { timeout: 300_000 }).toBeGreaterThanOrEqual(24);
  const started = new Map<string, number>();
  const smokes = [];
  for (let i = 0; i < 20; i++) {
    started.set(`smoke-${i}`, Date.now());
    smokes.push(await start('trainingRun', `smoke-${i}`, 'bob', { overrides: { 'algorithm.steps': 1 } }));
    await sleep(5 * STAGE);
  }
  await Promise.all(smokes.map((run) => run.result()));
  const all = begun();
  const waits = [...started].map(([run, at]) => (all.find((stage) => stage.run === run)!.at - at) / 1000);
  waits.sort((a, b) => a - b);
  const inSweep = all.filter(({ run }) => !run.startsWith('smoke-')).map(({ waited }) => waited / 1000);
  console.info(
    `smoke runs began after ${waits[9]!.toFixed(1)} s (median), ${waits[18]!.toFixed(1)} s (p95), ` +
      `${waits[19]!.toFixed(1)} s (longest); stages of the sweep waited ${mean(inSweep).toFixed(1)} s; ` +
      `peak memory: ${await memory()}`,
  );
  expect(waits[18]).toBeLessThanOrEqual(10);
  await sweep.terminate();
}, 900_000);
