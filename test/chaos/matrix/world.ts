import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { RunSummary } from '../../../core/run-results.ts';
import { workflowBundle } from '../../integration/temporal-server.ts';
import { type Point, pointsOf } from '../../integration/tracking/mlflow-points.ts';
import { type MlflowServer, startMlflow } from '../../integration/tracking/mlflow-server.ts';
import type { Cell, Victim } from './cells.ts';
import { JudgeEndpoint } from './judge-endpoint.ts';
import { TemporalProcess } from './temporal-process.ts';

/** How long a server that is struck from outside stays away. */
const AWAY_SECONDS = 1.5;

/** What happens to a run on its way. */
export interface Play {
  /** One strike from inside. */
  cell?: Cell | undefined;
  /** Ends the run, and gives the input of another execution that takes it up. */
  end?: (run: WorkflowHandle) => Promise<object>;
  /** Strikes from outside, while the run goes on. */
  disturb?: (chaos: Chaos) => Promise<void>;
  /** Default: a new one. */
  home?: string;
  longestSeconds?: number;
}

export interface Chaos {
  run: WorkflowHandle;
  /** Kills something by SIGKILL; done when it is back. */
  strike(victim: Victim): Promise<void>;
  /** Is the run over? */
  over(): boolean;
}

export interface Played {
  summary: RunSummary;
  home: string;
  seconds: number;
  /** Whether the strike happened; a cell whose moment never came proves nothing. */
  struck: boolean;
  /** The end of what the workers logged. */
  log: string;
  /** `make <key>` where an artifact began to be made, `put <key>` once it was stored, in order. */
  journal: string[];
  /** What MLflow has of the run's metrics. */
  points: Point[];
  /** Questions that the endpoint answered in this run, with how often. */
  answered: Map<string, number>;
}

/** Everything a run needs, as real processes: Temporal, MLflow, a judge endpoint, and workers that can be struck. */
export class ChaosWorld {
  readonly folder: string;
  readonly judge = new JudgeEndpoint();
  readonly #temporal: TemporalProcess;
  #mlflow!: MlflowServer;
  #connection!: Connection;
  #bundle!: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#temporal = new TemporalProcess(join(folder, 'temporal.db'));
  }

  static async start(): Promise<ChaosWorld> {
    const world = new ChaosWorld(await mkdtemp(join(tmpdir(), 'videocap-matrix-')));
    world.#bundle = join(world.folder, 'workflows.js');
    await Promise.all([
      world.#temporal.start(),
      world.judge.start(),
      startMlflow().then((mlflow) => {
        world.#mlflow = mlflow;
      }),
      workflowBundle().then(({ code }) => writeFile(world.#bundle, code)),
    ]);
    world.#connection = Connection.lazy({ address: world.#temporal.address });
    return world;
  }

  async stop(): Promise<void> {
    await this.#connection?.close();
    await this.#temporal.kill();
    await this.judge.stop();
    await this.#mlflow?.remove();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * Runs an experiment in a home of its own to its end, struck once or not at all. Whatever dies is started again, and
   * nothing else is done for the run.
   */
  async play(
    name: string,
    experiment: object,
    { cell, end, disturb, home = join(this.folder, name), longestSeconds = 180 }: Play = {},
  ): Promise<Played> {
    await mkdir(home, { recursive: true });
    this.judge.answered.clear();
    const started = performance.now();
    const workers = new Workers({
      home,
      env: {
        TEMPORAL_ADDRESS: this.#temporal.address,
        MLFLOW_TRACKING_URI: this.#mlflow.url,
        CHAOS_BUNDLE: this.#bundle,
      },
      strike: (victim) => this.#strike(victim, cell?.awaySeconds),
    });
    await workers.start(cell);
    try {
      const client = new Client({ connection: this.#connection });
      const start = (input: object) =>
        client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId: name, args: [input] });
      let handle: WorkflowHandle = await start(experiment);
      if (end) handle = await start(await end(handle));
      let over = false;
      const disturbed = disturb?.({
        run: handle,
        strike: async (victim) => (victim === 'worker' ? workers.kill() : (await this.#strike(victim)).back),
        over: () => over,
      });
      const deadline = Date.now() + longestSeconds * 1000;
      for (;;) {
        const state = await handle.describe().then(
          ({ status }) => status.name,
          () => 'RUNNING',
        );
        if (state !== 'RUNNING') break;
        if (Date.now() > deadline) throw new Error(`${name} did not end within ${longestSeconds} s.\n${workers.log}`);
        await sleep(200);
      }
      over = true;
      await disturbed;
      const summary = (await handle.result().catch((error: Error) => {
        throw new Error(`${name} failed: ${error.cause ?? error}\n${workers.log}`);
      })) as RunSummary;
      const journal = join(home, 'made.log');
      return {
        summary,
        home,
        seconds: (performance.now() - started) / 1000,
        struck: workers.struck,
        log: workers.log,
        journal: existsSync(journal) ? (await readFile(journal, 'utf8')).trimEnd().split('\n') : [],
        answered: new Map(this.judge.answered),
        points: await pointsOf(this.#mlflow.url, summary.mlflowRunUrl!.split('/').at(-1)!),
      };
    } finally {
      await workers.stop();
    }
  }

  /** Kills a server, and brings it back after a while, as an operator or a supervisor would. Done when it is dead. */
  async #strike(victim: Victim, awaySeconds = AWAY_SECONDS): Promise<{ back: Promise<void> }> {
    const server = {
      temporal: { down: () => this.#temporal.kill(), up: () => this.#temporal.start() },
      mlflow: { down: () => this.#mlflow.stop(), up: () => this.#mlflow.start() },
      judge: { down: () => this.judge.stop(), up: () => this.judge.start() },
    }[victim as 'temporal' | 'mlflow' | 'judge'];
    await server.down();
    return { back: sleep(1000 * awaySeconds).then(() => server.up()) };
  }
}

interface WorkerPlan {
  home: string;
  env: NodeJS.ProcessEnv;
  strike: (victim: Victim) => Promise<unknown>;
}

/** One worker process after another: a new one is started whenever one dies. */
class Workers {
  readonly #plan: WorkerPlan;
  #child: ChildProcess | undefined;
  #stopped = false;
  #started: Promise<void> | undefined;
  struck = false;
  log = '';

  constructor(plan: WorkerPlan) {
    this.#plan = plan;
  }

  async start(cell?: Cell): Promise<void> {
    const { home, env } = this.#plan;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('chaos-worker.ts', import.meta.url))],
      {
        env: {
          ...process.env,
          ...env,
          VIDEOCAP_HOME: home,
          CHAOS_JUDGE_KEY: 'any',
          ...(cell && { CHAOS_CELL: JSON.stringify(cell) }),
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    child.stderr!.on('data', (chunk) => {
      this.log = (this.log + chunk).slice(-6000);
    });
    child.once('exit', () => {
      if (!this.#stopped) this.#started = this.start();
    });
    const lines = createInterface({ input: child.stdout! });
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        if (!line.startsWith('{')) return; // the SDK's own words
        const said = JSON.parse(line) as { ready?: true; struck?: Victim };
        if (said.ready) resolve();
        if (!said.struck) return;
        this.struck = true;
        if (['temporal', 'mlflow', 'judge'].includes(said.struck))
          void this.#plan.strike(said.struck).then(() => child.stdin!.write('go on\n'));
      });
    });
    await Promise.race([ready, once(child, 'exit')]);
  }

  /** Done when another worker polls. */
  async kill(): Promise<void> {
    const dead = once(this.#child!, 'exit');
    this.#child!.kill('SIGKILL');
    await dead;
    await this.#started;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#child!;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
