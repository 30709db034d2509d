import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitingActivities } from '../../cli/run/waiting-activities.ts';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { TemporalProcess } from '../chaos/matrix/temporal-process.ts';
import { startWorker, type WorkerProcess } from '../chaos/worker-process.ts';
import { storedPoints } from '../integration/tracking/mlflow-points.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';

const run = promisify(execFile);
const RUN = 'kept';
const EXPERIMENT = {
  config: 'quickstart',
  overrides: {
    'algorithm.steps': 8,
    'algorithm.samplesPerStep': 2,
    'benchmark.everySteps': 0,
    'benchmark.maxNewTokens': 12,
    'benchmark.metrics': ['events'],
    'dataset.trainSamples': 8,
    'dataset.heldOutSamples': 2,
    'reward.think.similarity': 'token-f1',
    'policy.engine.threads': 1,
  },
};

/** One place with servers, a worker and their data. */
interface World {
  temporal: TemporalProcess;
  mlflow: MlflowServer;
  home: string;
  handle: WorkflowHandle<() => Promise<RunSummary>>;
  client: Client;
  worker: WorkerProcess;
}

let folder: string;
const worlds: World[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-backup-'));
});
afterAll(async () => {
  for (const world of worlds) await close(world);
  await rm(folder, { recursive: true, force: true });
});

/** Starts everything in a folder of its own, with what was copied there before. */
async function open(name: string, mlflowData?: string): Promise<World> {
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const temporal = new TemporalProcess(join(home, 'temporal.db'));
  const [mlflow] = await Promise.all([startMlflow(mlflowData), temporal.start()]);
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection });
  const handle = client.workflow.getHandle<() => Promise<RunSummary>>(RUN);
  const worker = await startWorker({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home });
  const world = { temporal, mlflow, home, handle, client, worker };
  worlds.push(world);
  return world;
}

async function close({ worker, client, temporal, mlflow }: World): Promise<void> {
  await worker.kill();
  await client.connection.close();
  await temporal.kill();
  await mlflow.remove();
}

/** What `sqlite3 FILE ".backup COPY"` does: a consistent copy of a database that a server writes. */
const BACKUP = 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))';
const copyDatabase = (from: string, to: string) => run('.venv/bin/python', ['-c', BACKUP, from, to]);

/** As `docs/deploy.md` says: refs first, so that each has its content. */
async function copyStore(from: string, to: string): Promise<void> {
  const isFolder = async (path: string) => (await stat(path)).isDirectory();
  const isRef = (path: string) => path.endsWith('.ref');
  const copy = (which: (path: string) => boolean) =>
    cp(from, to, {
      recursive: true,
      filter: async (path) => !path.endsWith('.tmp') && (which(path) || (await isFolder(path))),
    });
  await copy(isRef);
  await copy((path) => !isRef(path));
}

async function reachesStep({ handle }: World, step: number): Promise<void> {
  const now = async () => (await handle.query<RunStatus>('status').catch(() => undefined))?.step ?? 0;
  await expect.poll(now, { timeout: 300_000, interval: 50 }).toBeGreaterThanOrEqual(step);
}

async function resume({ temporal, home, mlflow }: World): Promise<void> {
  await run(process.execPath, ['cli/videocap.mjs', 'resume', RUN, '--json'], {
    env: {
      ...process.env,
      ...{ TEMPORAL_ADDRESS: temporal.address, VIDEOCAP_HOME: home, MLFLOW_TRACKING_URI: mlflow.url },
    },
  });
}

/** The metrics of every step that MLflow has of the run. */
async function steps({ mlflow: { folder: data } }: World, summary: RunSummary): Promise<number[]> {
  const points = await storedPoints(data, summary.mlflowRunUrl!);
  return points.filter(({ key }) => key === 'train/loss').map(({ step }) => step);
}

it('a run goes on elsewhere from copies made meanwhile; beside an older Temporal a sentence says how', async () => {
  const before = await open('before');
  const { client, home, handle } = before;
  const older = join(folder, 'older');
  const later = join(folder, 'later');
  await Promise.all([mkdir(older), mkdir(later)]);
  await client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId: RUN, args: [EXPERIMENT] });
  await reachesStep(before, 1);
  await copyDatabase(join(home, 'temporal.db'), join(older, 'temporal.db'));

  // An execution that the older copy does not know, with more steps.
  await handle.terminate();
  await resume(before);
  await reachesStep(before, 2);
  // Temporal first. MLflow and the store may be newer, here by a step and by attempts after a death.
  await copyDatabase(join(home, 'temporal.db'), join(later, 'temporal.db'));
  await reachesStep(before, 3);
  await before.worker.kill();
  before.worker = await startWorker({
    ...{ temporalAddress: before.temporal.address, mlflowUrl: before.mlflow.url, home },
  });
  await reachesStep(before, 4);
  const mlflowData = join(folder, 'mlflow');
  await mkdir(mlflowData);
  await copyDatabase(join(before.mlflow.folder, 'mlflow.db'), join(mlflowData, 'mlflow.db'));
  await copyStore(join(home, 'store'), join(later, 'store'));
  await cp(join(later, 'store'), join(older, 'store'), { recursive: true });
  const expected = await handle.result();
  await close(before);
  worlds.length = 0;

  const restored = await open('later', mlflowData);
  const summary = await restored.handle.result();
  expect(summary.policy.weights.sha256).toBe(expected.policy.weights.sha256);
  expect(summary.trained.metrics).toEqual(expected.trained.metrics);
  expect(await steps(restored, summary)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await close(restored);
  worlds.length = 0;

  const behind = await open('older', mlflowData);
  const said = async () => waitingActivities(behind.client, await behind.handle.describe());
  await expect
    .poll(said, { timeout: 120_000, interval: 500 })
    .toEqual([expect.stringMatching(/may store nothing, .* terminate --workflow-id kept; .* resume kept$/)]);
  await run('.venv/bin/temporal', [
    ...['workflow', 'terminate', '--workflow-id', RUN, '--address', behind.temporal.address],
  ]);
  await resume(behind);
  const again = await behind.handle.result();
  expect(again.policy.weights.sha256).toBe(expected.policy.weights.sha256);
  expect(await steps(behind, again)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
}, 1_200_000);
