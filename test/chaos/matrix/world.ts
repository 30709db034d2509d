import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { TerminatedFailure } from '@temporalio/common';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import type { Storage } from '../../../core/storage.ts';
import { type Point, storedPoints } from '../../integration/tracking/mlflow-points.ts';
import { type MlflowServer, startMlflow } from '../../integration/tracking/mlflow-server.ts';
import { ACTIVITIES, type BucketVictim, type Cell, isButton, isOfBucket, type Victim } from './cells.ts';
import { JudgeEndpoint } from './judge-endpoint.ts';
import { pressButton } from './press-button.ts';
import { TemporalProcess } from './temporal-process.ts';
import { Workers } from './workers.ts';

/** How long a server that is struck from outside stays away. */
const AWAY_SECONDS = 1.5;

/** The disturbances of a run. */
export interface Play {
  /** Strikes from inside: one of a kind of victim, a worker's last. */
  cells?: readonly Cell[];
  /** Ends the run, and gives the input of another execution that takes it up. */
  end?: (run: WorkflowHandle) => Promise<object>;
  /** Strikes from outside, while the run continues. */
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
  store: ArtifactStore;
  home: string;
  seconds: number;
  /** What was struck, in order; a cell whose moment never came proves nothing. */
  struck: readonly Victim[];
  /** The end of what the workers logged. */
  log: string;
  /** `make <key>` where an artifact began to be made, `put <key>` once it was stored, in order. */
  journal: string[];
  /** Requests to the bucket that met its faults. */
  met: number;
  /** What MLflow has of the run's metrics. */
  points: Point[];
  /** Questions that the endpoint answered in this run, with how often. */
  answered: Map<string, number>;
}

/** Servers of rollouts that can be struck. */
export interface RolloutServers {
  urls: readonly string[];
  /** Kills one of them. */
  kill(): Promise<void>;
  /** Starts it again, done once it answers. */
  start(): Promise<void>;
}

/** A bucket for the stores of runs, with faults on the way to it. */
export interface WorldBucket {
  /** What workers need to open it. */
  env: NodeJS.ProcessEnv;
  /** The URL of another, empty store. */
  newStore(): string;
  /** The same store, without faults on the way. */
  open(url: string, home: string): Storage;
  /** Lets requests fail from the next one on, for a while. */
  strike(victim: BucketVictim, awaySeconds: number): Promise<void>;
  /** Ends the faults. @returns how many requests met one since the last call. */
  heal(): Promise<number>;
  stop(): Promise<void>;
}

/** What a world has beside the usual. */
export interface WorldOptions {
  /** More arguments of the Temporal server. */
  serverArgs?: readonly string[];
  /** Servers that runs may name. */
  rollouts?: RolloutServers;
  /** Where the stores of runs are; default their homes. */
  bucket?: WorldBucket;
}

/** Everything a run needs, as real processes: Temporal, MLflow, a judge endpoint, and workers that can be struck. */
export class ChaosWorld {
  readonly folder: string;
  readonly judge = new JudgeEndpoint();
  readonly #temporal: TemporalProcess;
  readonly #rollouts: RolloutServers | undefined;
  readonly #bucket: WorldBucket | undefined;
  #mlflow!: MlflowServer;
  #connection!: Connection;
  #workers!: Workers;

  private constructor(folder: string, { serverArgs = [], rollouts, bucket }: WorldOptions) {
    this.folder = folder;
    this.#rollouts = rollouts;
    this.#bucket = bucket;
    this.#temporal = new TemporalProcess(join(folder, 'temporal.db'), serverArgs);
  }

  static async start(options: WorldOptions = {}): Promise<ChaosWorld> {
    const world = new ChaosWorld(await mkdtemp(join(tmpdir(), 'videocap-matrix-')), options);
    await Promise.all([
      world.#temporal.start(),
      world.judge.start(),
      startMlflow().then((mlflow) => {
        world.#mlflow = mlflow;
      }),
    ]);
    world.#workers = new Workers(join(world.folder, 'home'), {
      TEMPORAL_ADDRESS: world.#temporal.address,
      MLFLOW_TRACKING_URI: world.#mlflow.url,
      ...options.bucket?.env,
    });
    world.#connection = Connection.lazy({ address: world.#temporal.address });
    return world;
  }

  async stop(): Promise<void> {
    await this.#workers?.stop();
    await this.#connection?.close();
    await this.#temporal.kill();
    await this.judge.stop();
    await this.#mlflow?.remove();
    await this.#bucket?.stop();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /**
   * Runs an experiment in a home of its own to its end, struck or not. Whatever dies is started again, and
   * nothing else is done for the run.
   */
  async play(
    name: string,
    experiment: object,
    { cells = [], end, disturb, home = join(this.folder, name), longestSeconds = 180 }: Play = {},
  ): Promise<Played> {
    await mkdir(home, { recursive: true });
    if (this.#rollouts)
      await writeFile(join(home, 'allowed.yaml'), JSON.stringify({ rolloutServers: this.#rollouts.urls }));
    this.judge.answered.clear();
    const started = performance.now();
    const workers = this.#workers;
    const back: Promise<void>[] = [];
    const client = new Client({ connection: this.#connection });
    const url = this.#bucket?.newStore();
    await this.#bucket?.heal();
    await workers.begin({ home, store: url }, cells, async (victim) => {
      const cell = cells.find((one) => one.victim === victim)!;
      if (isButton(victim)) await pressButton(client, name, victim, ACTIVITIES[cell.stage]);
      else back.push((await this.#strike(victim, cell.awaySeconds)).back);
    });
    let handle: WorkflowHandle | undefined;
    try {
      const start = (input: object) =>
        client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId: name, args: [input] });
      handle = await start(experiment);
      if (end) handle = await start(await end(handle));
      let over = false;
      const disturbed = disturb?.({
        run: handle,
        strike: async (victim) => (victim === 'worker' ? workers.kill() : (await this.#strike(victim)).back),
        over: () => over,
      });
      const late = sleep(1000 * longestSeconds, undefined, { ref: false }).then(() => {
        throw new Error(`${name} did not end within ${longestSeconds} s.\n${workers.log}`);
      });
      const isPressed = cells.some(({ victim }) => isButton(victim));
      const ended = this.#resultOf(isPressed ? client.workflow.getHandle(name) : handle).catch(
        (error: WorkflowFailedError) => {
          throw new Error(`${name} failed: ${error.cause ?? error}\n${workers.log}`);
        },
      );
      const summary = await Promise.race([ended, late]);
      over = true;
      await Promise.all([disturbed, ...back]);
      const journal = join(home, 'made.log');
      const storage = url === undefined ? join(home, 'store') : this.#bucket!.open(url, home);
      return {
        summary,
        store: new ArtifactStore(storage),
        home,
        seconds: (performance.now() - started) / 1000,
        struck: workers.struck,
        log: workers.log,
        journal: existsSync(journal) ? (await readFile(journal, 'utf8')).trimEnd().split('\n') : [],
        answered: new Map(this.judge.answered),
        met: (await this.#bucket?.heal()) ?? 0,
        points: await this.pointsOf(summary),
      };
    } catch (error) {
      // The fault must not reach the next run.
      await this.#bucket?.heal();
      await handle?.terminate().catch(() => undefined);
      await workers.stop();
      throw error;
    }
  }

  /** What MLflow has of a run's metrics. */
  pointsOf({ mlflowRunUrl }: RunSummary): Promise<Point[]> {
    return storedPoints(this.#mlflow.folder, mlflowRunUrl!);
  }

  /** Waits for a run's end, whatever happens to the server meanwhile. */
  async #resultOf(handle: WorkflowHandle): Promise<RunSummary> {
    for (;;) {
      try {
        return (await handle.result()) as RunSummary;
      } catch (error) {
        // A reset terminates the execution, and starts another.
        const isReset = error instanceof WorkflowFailedError && error.cause instanceof TerminatedFailure;
        if (error instanceof WorkflowFailedError && !(isReset && (await isReplaced(handle)))) throw error;
        await sleep(200);
      }
    }
  }

  /** Kills a server, and brings it back after a while, as an operator or a supervisor would. Done when it is dead. */
  async #strike(victim: Victim, awaySeconds = AWAY_SECONDS): Promise<{ back: Promise<void> }> {
    if (isOfBucket(victim)) {
      await this.#bucket!.strike(victim, awaySeconds);
      return { back: Promise.resolve() };
    }
    const server = {
      temporal: { down: () => this.#temporal.kill(), up: () => this.#temporal.start() },
      mlflow: { down: () => this.#mlflow.stop(), up: () => this.#mlflow.start() },
      judge: { down: () => this.judge.stop(), up: () => this.judge.start() },
      vllm: { down: async () => this.#rollouts?.kill(), up: async () => this.#rollouts?.start() },
    }[victim as 'temporal' | 'mlflow' | 'judge' | 'vllm'];
    await server.down();
    return { back: sleep(1000 * awaySeconds).then(() => server.up()) };
  }
}

async function isReplaced(handle: WorkflowHandle): Promise<boolean> {
  return (await handle.describe()).status.name !== 'TERMINATED';
}
