import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { findInstallation } from '../../cli/installation.ts';
import { Report } from '../../cli/setup/report.ts';
import { setUp } from '../../cli/setup/setup.ts';
import { readRecords } from '../../contracts/read-records.ts';
import type { RunSummary, StepRecord } from '../../contracts/run-results.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { TemporalProcess } from '../chaos/matrix/temporal-process.ts';
import { startWorker, type WorkerPlace, type WorkerProcess } from '../chaos/worker-process.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';

export interface PlayedRun {
  summary: RunSummary;
  /** Of each step, from the first. */
  records: StepRecord[];
  workflowId: string;
}

let runs = 0;

/** What a run needs, as real processes: Temporal with its data in a file, MLflow, and a worker for every queue. */
export class BenchWorld {
  readonly home: string;
  readonly client: Client;
  readonly temporal: TemporalProcess;
  readonly #mlflow: MlflowServer;
  readonly #connection: Connection;
  #worker: WorkerProcess;

  /** @param env of the worker. */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<BenchWorld> {
    const installation = findInstallation();
    await setUp(installation, new Report((text) => void process.stderr.write(text)));
    const home = await mkdtemp(join(tmpdir(), 'videocap-bench-'));
    await mkdir(join(installation.home, 'models'), { recursive: true });
    await symlink(join(installation.home, 'models'), join(home, 'models'));
    await writeFile(join(home, 'allowed.yaml'), 'keys: []\n');
    const temporal = new TemporalProcess(join(home, 'temporal.db'));
    const [mlflow] = await Promise.all([startMlflow(), temporal.start()]);
    const place = { temporalAddress: temporal.address, mlflowUrl: mlflow.url, home, env };
    const worker = await startWorker(place);
    const connection = await Connection.connect({ address: temporal.address });
    return new BenchWorld({ home, temporal, mlflow, worker, connection });
  }

  private constructor(parts: {
    home: string;
    temporal: TemporalProcess;
    mlflow: MlflowServer;
    worker: WorkerProcess;
    connection: Connection;
  }) {
    this.home = parts.home;
    this.temporal = parts.temporal;
    this.#mlflow = parts.mlflow;
    this.#worker = parts.worker;
    this.#connection = parts.connection;
    this.client = new Client({ connection: parts.connection });
  }

  get store(): ArtifactStore {
    return new ArtifactStore(join(this.home, 'store'));
  }

  get workerPid(): number {
    return this.#worker.pid;
  }

  /** Where a worker finds the servers and the home. */
  get place(): WorkerPlace {
    return { temporalAddress: this.temporal.address, mlflowUrl: this.#mlflow.url, home: this.home };
  }

  /** A run of the quickstart with changes, to its end. @throws Error with the end of the worker's log. */
  async run(overrides: Record<string, unknown>): Promise<PlayedRun> {
    const handle = await this.begin(overrides);
    const summary = await this.#untilEnd<RunSummary>(handle);
    const records = await readRecords(this.store, summary.runKey, 1, summary.steps);
    return { summary, records, workflowId: handle.workflowId };
  }

  /** Starts such a run, and does not wait for it. */
  begin(overrides: Record<string, unknown>): Promise<WorkflowHandle> {
    return this.#start('trainingRun', { config: 'quickstart', overrides });
  }

  /** The held-out benchmark of the quickstart's start policy, with changes, to its end. */
  async benchmark(overrides: Record<string, unknown>): Promise<void> {
    await this.#untilEnd(await this.#start('benchmarkRun', { config: 'quickstart', overrides }));
  }

  #start(type: string, input: object): Promise<WorkflowHandle> {
    const workflowId = `bench-${++runs}`;
    return this.client.workflow.start(type, { taskQueue: 'videocap', workflowId, args: [input] });
  }

  async #untilEnd<T>(handle: WorkflowHandle): Promise<T> {
    const worker = this.#worker;
    const failed = worker.ended.then((how) => {
      throw new Error(`The worker ended (${how}):\n${worker.log().slice(-2000)}`);
    });
    return Promise.race([handle.result() as Promise<T>, failed]);
  }

  /** SIGKILLs the worker and starts another one in its place. */
  async replaceWorker(): Promise<void> {
    await this.#worker.kill();
    this.#worker = await startWorker(this.place);
  }

  async stop(): Promise<void> {
    await this.#worker.kill();
    await this.#connection.close();
    await this.temporal.kill();
    await this.#mlflow.remove();
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
