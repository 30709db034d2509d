import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';

/** Imitation, since one step of it surely moves the weights. */
const EXPERIMENT = {
  config: 'sft',
  overrides: {
    'algorithm.steps': 1,
    'algorithm.samplesPerStep': 2,
    'benchmark.maxNewTokens': 24,
    'dataset.trainSamples': 2,
    'dataset.heldOutSamples': 1,
    'reward.think.similarity': 'token-f1',
  },
};

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let proxy: TcpProxy;
let folder: string;
let home: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-zombie-'));
  home = join(folder, 'home');
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow()]);
  proxy = await startTcpProxy(temporal.address);
}, 180_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await proxy?.close();
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A worker process that may stop itself; what it says comes as lines of JSON. */
function startWorker(address: string, stopsAt = '') {
  const child = spawn(process.execPath, ['core/run-typescript.mjs', 'test/chaos/zombie-worker.ts'], {
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: address,
      MLFLOW_TRACKING_URI: mlflow.url,
      VIDEOCAP_HOME: home,
      ZOMBIE_STOPS_AT: stopsAt,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let log = '';
  child.stderr!.on('data', (chunk) => {
    log += chunk;
  });
  const said: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line.startsWith('{')) said.push(JSON.parse(line));
  });
  return {
    child,
    log: () => log,
    says: (what: string) =>
      expect
        .poll(() => said.find((line) => what in line), { timeout: 60_000, message: `"${what}"\n${log}` })
        .toBeDefined()
        .then(() => said.find((line) => what in line)!),
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const start = (workflowId: string) =>
  temporal.client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId, args: [EXPERIMENT] });

/** Everything that a worker keeps: artifacts, references, exported models. */
async function contents(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (file) => [file.slice(root.length), await sha256OfFile(file)])),
  );
}

const outcome = ({ policy, base, trained, steps }: RunSummary) => ({
  steps,
  weights: policy.weights.sha256,
  optimizer: policy.optimizer?.sha256,
  base: base.metrics,
  trained: trained.metrics,
});

it('a worker that is stopped until others have done its work, then continued, stores nothing', async () => {
  const zombie = startWorker(proxy.address, 'checkpoints/step-000001/model');
  await zombie.says('ready');
  const run = await start('struck');
  await zombie.says('stopped');
  // Its polls would continue taking tasks for a minute, and every task would wait for its timeout.
  proxy.cut();
  const second = startWorker(temporal.address);
  const struck = (await run.result()) as RunSummary;

  const before = await contents(home);
  zombie.child.kill('SIGCONT');
  await expect.poll(zombie.log, { timeout: 10_000 }).toMatch(/This attempt was superseded/);
  await zombie.kill();
  expect(await contents(home)).toEqual(before);

  const calm = (await (await start('calm')).result()) as RunSummary;
  await second.kill();
  expect(outcome(struck)).toEqual(outcome(calm));
  expect(calm.policy.weights.sha256).not.toBe(calm.base.policy.weights.sha256);
}, 180_000);
