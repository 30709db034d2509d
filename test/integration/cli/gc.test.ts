import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { collectGarbage } from '../../../cli/gc/collect.ts';
import { knownExecutions } from '../../../cli/gc/known-runs.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { sha256OfFile } from '../../../core/artifact-store.ts';
import { FileStorage } from '../../../core/file-storage.ts';
import { LONGEST_RUN_ID } from '../../../core/run-key.ts';
import { realServers } from '../real-servers.ts';

const servers = realServers('gc');

const CONFIG = 'sft';
const OVERRIDES = {
  'algorithm.steps': 3,
  'algorithm.samplesPerStep': 1,
  'benchmark.maxNewTokens': 16,
  'benchmark.everySteps': 2,
  'dataset.trainSamples': 3,
  'dataset.heldOutSamples': 1,
  'reward.think.similarity': 'token-f1',
};

/** As long as a run's id may be, with all that a name of a file must not have. */
const longest = (name: string) => `${name}/../ä \n`.padEnd(LONGEST_RUN_ID, 'x');

const start = (name: string, more: object = {}) =>
  servers.temporal.client.workflow.start('trainingRun', {
    taskQueue: 'videocap',
    workflowId: longest(name),
    args: [{ config: CONFIG, overrides: OVERRIDES, ...more }],
  });

/** Everything kept, with hashes. */
async function contents(): Promise<string[]> {
  const entries = await readdir(servers.home, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(files.sort().map(async (file) => `${file} ${await sha256OfFile(file)}`));
}

/** In a year, when nothing is young any more and nothing was used lately. */
const collect = async (dryRun: boolean) =>
  collectGarbage({
    ...{
      storage: new FileStorage(join(servers.home, 'store')),
      home: servers.home,
      dryRun,
      cacheDays: 0,
      now: Date.now() + 365 * 86_400_000,
    },
    known: await knownExecutions(servers.temporal.client),
  });

it('runs of a real store resume and fork as if nothing had been removed', async () => {
  const finished = (await (await start('finished')).result()) as RunSummary;

  const ended = await start('ended');
  await expect
    .poll(() => ended.query<{ step: number }>('status').catch(() => ({ step: 0 })), { timeout: 60_000, interval: 50 })
    .toMatchObject({ step: expect.toSatisfy((step: number) => step >= 2) });
  await ended.terminate('ended by the test');
  // An activity of a terminated run continues until its next heartbeat, and would write between the two looks at the
  // store.
  await servers.worker.kill();
  const { run } = (await ended.describe()).memo as { run: string };

  const before = await contents();
  const told = await collect(true);
  expect(await contents()).toEqual(before);
  expect(told.runs).toEqual({ running: 0, resumable: 1, finished: 1 });
  const { removed } = await collect(false);
  expect(removed).toEqual(told.removed);
  expect(removed.frames.files).toBeGreaterThan(0);
  expect(removed.runs.files).toBeGreaterThan(0);
  expect((await contents()).length).toBeLessThan(before.length);

  await servers.startWorker();
  const resumed = (await (await start('ended', { resume: { run } })).result()) as RunSummary;
  expect(resumed.policy.weights.sha256).toBe(finished.policy.weights.sha256);
  expect(resumed.trained.metrics).toEqual(finished.trained.metrics);

  // Step 2 was benchmarked, so its checkpoint is kept.
  const fork = { overrides: {}, fork: { run: finished.runKey, step: 2 } };
  const forked = (await (await start('forked', fork)).result()) as RunSummary;
  expect(forked.policy.weights.sha256).toBe(finished.policy.weights.sha256);
  const again = { overrides: {}, fork: { run: forked.runKey, step: 2 } };
  const forkOfFork = (await (await start('forked-again', again)).result()) as RunSummary;
  expect(forkOfFork.policy.weights.sha256).toBe(finished.policy.weights.sha256);
  for (const { modelFolder, runKey, report, mlflowRunUrl } of [finished, resumed, forked, forkOfFork]) {
    expect(basename(modelFolder)).toBe(runKey);
    expect(existsSync(join(modelFolder, 'model.safetensors'))).toBe(true);
    expect(report.uri).toContain(runKey);
    expect(mlflowRunUrl).toMatch(/runs\/[0-9a-f]{32}\?/);
  }

  // A run that starts where another ended begins with what that one could do.
  const from = { 'policy.model': `run:${finished.runKey}`, 'algorithm.steps': 1 };
  const started = (await (await start('started', { overrides: { ...OVERRIDES, ...from } })).result()) as RunSummary;
  expect(started.trainedFrom).toEqual({ run: finished.runKey, step: 3, weights: finished.policy.weights.sha256 });
  expect(started.config.policy.model).toBe(`run:${finished.runKey}@3`);
  expect(started.base.policy.weights.sha256).toBe(finished.policy.weights.sha256);
  expect(started.base.metrics).toEqual(finished.trained.metrics);
}, 240_000);

it('the command prints what it found, for people and for scripts', async () => {
  const videocap = async (...args: string[]) => {
    const env = { ...process.env, TEMPORAL_ADDRESS: servers.temporal.address, VIDEOCAP_HOME: servers.home };
    return (await promisify(execFile)(process.execPath, ['cli/videocap.mjs', 'gc', ...args], { env })).stdout;
  };
  const before = await contents();
  expect(JSON.parse(await videocap('--dry-run', '--json'))).toMatchObject({
    dryRun: true,
    runs: { running: 0, resumable: 0, finished: 5 },
    removed: { frames: { files: 0 } },
  });
  // All of it was made within the last hour.
  expect(await videocap()).toMatch(
    /^Nothing to remove\.\nKept \d+ files, [\d.]+ MB, of 0 active, 0 resumable and 5 finished runs\.\n$/,
  );
  expect(await contents()).toEqual(before);
});
