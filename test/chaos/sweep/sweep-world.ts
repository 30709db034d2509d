import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { stringify } from 'yaml';
import { keepConfig } from '../../../configs/kept-configs.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import type { SweepSummary } from '../../../contracts/sweep-results.ts';
import type { SweepStatus } from '../../../contracts/sweep-status.ts';
import { type MlflowServer, startMlflow } from '../../integration/tracking/mlflow-server.ts';
import { JudgeEndpoint } from '../matrix/judge-endpoint.ts';
import { TemporalProcess } from '../matrix/temporal-process.ts';
import { startWorker, type WorkerProcess } from '../worker-process.ts';
import { sweepFile } from './sweep-experiment.ts';

/** The workers by what they do for a sweep: workflows, or the stages of its arms. */
const QUEUES = { "the sweep's worker": 'videocap', "the arms' worker": 'media,judge,policy-onnx,policy-openai' };
type WorkerName = keyof typeof QUEUES;
export const SWEEP_VICTIMS = ["the arms' worker", "the sweep's worker", 'temporal'] as const;
export type SweepVictim = (typeof SWEEP_VICTIMS)[number];

type Status = RunStatus & { sweep: SweepStatus };

/** Moments of a sweep, each as what its status says. */
export const SWEEP_MOMENTS = {
  'its first runs start': async (sweep: WorkflowHandle) => runsOf(await statusOf(sweep), 'running').length > 0,
  'two runs train': async (sweep: WorkflowHandle, client: Client) => {
    const [first] = runsOf(await statusOf(sweep), 'running');
    if (!first) return false;
    return (await statusOf(client.workflow.getHandle(first.run))).step >= 1;
  },
  'a run has ended': async (sweep: WorkflowHandle) => runsOf(await statusOf(sweep), 'finished').length > 0,
  'the table is made': async (sweep: WorkflowHandle) => ['table', 'mlflow'].includes((await statusOf(sweep)).stage),
};
export type SweepMoment = keyof typeof SWEEP_MOMENTS;

export interface PlayedSweep {
  summary: SweepSummary;
  /** Questions that the judge's endpoint answered, with how often. */
  answered: Map<string, number>;
  /** Whether the moment came before the sweep was over. */
  struck: boolean;
  seconds: number;
}

const LONGEST_SECONDS = 600;
const AWAY_SECONDS = 1.5;

/** Everything that a sweep needs, as real processes, of which one can be killed at a moment of the sweep. */
export class SweepWorld {
  readonly judge = new JudgeEndpoint();
  readonly #folder: string;
  readonly #temporal: TemporalProcess;
  readonly #workers = new Map<WorkerName, WorkerProcess>();
  #mlflow!: MlflowServer;
  #connection!: Connection;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#temporal = new TemporalProcess(join(folder, 'temporal.db'));
  }

  static async start(): Promise<SweepWorld> {
    const world = new SweepWorld(await mkdtemp(join(tmpdir(), 'videocap-sweeps-')));
    [world.#mlflow] = await Promise.all([startMlflow(), world.#temporal.start(), world.judge.start()]);
    world.#connection = Connection.lazy({ address: world.#temporal.address });
    return world;
  }

  async stop(): Promise<void> {
    await this.#stopWorkers();
    await this.#connection.close();
    await this.#temporal.kill();
    await Promise.all([this.#mlflow.remove(), this.judge.stop()]);
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** A sweep in a home of its own, so that it finds nothing that another has made. */
  async play(name: string, strike?: { victim: SweepVictim; moment: SweepMoment }): Promise<PlayedSweep> {
    const home = join(this.#folder, name);
    const started = performance.now();
    this.judge.answered.clear();
    await Promise.all((Object.keys(QUEUES) as WorkerName[]).map((worker) => this.#serve(worker, home)));
    const client = new Client({ connection: this.#connection });
    const source = { name: join(this.#folder, 'killed.yaml'), text: stringify(sweepFile(this.judge.baseUrl)) };
    const args = [{ sweep: source.name, sweepHash: await keepConfig(home, source) }];
    const sweep = await client.workflow.start('ablationSweep', { taskQueue: 'videocap', workflowId: name, args });
    try {
      const struck = strike !== undefined && (await this.#comes(strike.moment, sweep, client));
      if (struck) await this.#kill(strike.victim, home);
      const summary = await this.#resultOf(sweep);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      return { summary, answered: new Map(this.judge.answered), struck, seconds };
    } finally {
      await sweep.terminate().catch(() => undefined);
      await this.#stopWorkers();
    }
  }

  /** Waits for a moment. @returns false if the sweep was over before. */
  async #comes(moment: SweepMoment, sweep: WorkflowHandle, client: Client): Promise<boolean> {
    const isHere = SWEEP_MOMENTS[moment];
    for (;;) {
      // A worker that has just started may not answer yet.
      if (await isHere(sweep, client).catch(() => false)) return true;
      if ((await sweep.describe()).status.name !== 'RUNNING') return false;
      await sleep(20);
    }
  }

  /** SIGKILL; done when it is back. */
  async #kill(victim: SweepVictim, home: string): Promise<void> {
    if (victim === 'temporal') {
      await this.#temporal.kill();
      await sleep(1000 * AWAY_SECONDS);
      return this.#temporal.start();
    }
    await this.#workers.get(victim)!.kill();
    await this.#serve(victim, home);
  }

  async #serve(name: WorkerName, home: string): Promise<void> {
    const env = { CHAOS_JUDGE_KEY: 'any', VIDEOCAP_QUEUES: QUEUES[name] };
    const at = { temporalAddress: this.#temporal.address, mlflowUrl: this.#mlflow.url };
    this.#workers.set(name, await startWorker({ ...at, home, env }));
  }

  async #stopWorkers(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.kill()));
    this.#workers.clear();
  }

  /** Asked again and again: a server that is killed ends a call that waits. */
  async #resultOf(sweep: WorkflowHandle): Promise<SweepSummary> {
    const deadline = Date.now() + 1000 * LONGEST_SECONDS;
    for (;;) {
      const status = (await sweep.describe().catch(() => undefined))?.status.name;
      if (status !== undefined && status !== 'RUNNING') return (await sweep.result()) as SweepSummary;
      if (Date.now() > deadline) {
        const logs = [...this.#workers.values()].map((worker) => worker.log().slice(-2000));
        throw new Error(`The sweep did not end within ${LONGEST_SECONDS} s.\n${logs.join('\n')}`);
      }
      await sleep(500);
    }
  }
}

const statusOf = (run: WorkflowHandle) => run.query<Status>('status');

function runsOf({ sweep }: Status, state: string) {
  return sweep.arms.flatMap(({ runs }) => runs).filter((run) => run.state === state);
}
