import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { JudgeEndpoint } from '../chaos/matrix/judge-endpoint.ts';
import type { Played } from '../chaos/matrix/world.ts';
import { storedPoints } from '../integration/tracking/mlflow-points.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import type { Host } from './host.ts';
import { Network } from './network.ts';
import { storageAt } from './opened-bucket.ts';
import { BUCKET, KEYS, type S3Program, S3Server } from './s3-server.ts';

/** A Temporal server on loopback. */
export interface TemporalServer {
  readonly address: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

/** Both judge and draw, so that one takes over what the other has left; the workflows and the engine have one host. */
const QUEUES = { left: 'videocap,media,judge', right: 'policy-onnx,media,judge' };
export type Side = keyof typeof QUEUES;

/** What a run on two hosts came to. */
export type PlayedOnHosts = Pick<Played, 'summary' | 'store' | 'seconds' | 'points' | 'answered'>;

/** A deployment over two hosts: Temporal, MLflow, a bucket and a judge on the machine, and workers on the hosts. */
export class TwoHosts {
  readonly judge = new JudgeEndpoint();
  readonly #folder: string;
  readonly #temporal: TemporalServer;
  readonly #bucket: S3Server;
  #network!: Network;
  #mlflow!: MlflowServer;
  #connection!: Connection;
  #hosts!: Record<Side, Host>;
  /** Of all workers, but the store of the run. */
  #env!: NodeJS.ProcessEnv;
  /** Of the bucket, for the hosts. */
  #endpoint!: string;
  judgeUrl!: string;

  private constructor(folder: string, temporal: TemporalServer, bucket: S3Program) {
    this.#folder = folder;
    this.#temporal = temporal;
    this.#bucket = new S3Server(bucket, join(folder, 'bucket'));
  }

  static async start(temporal: TemporalServer, bucket: S3Program): Promise<TwoHosts> {
    const missing = Network.missing();
    if (missing) throw new Error(missing);
    Object.assign(process.env, KEYS);
    const two = new TwoHosts(await mkdtemp(join(tmpdir(), 'videocap-two-')), temporal, bucket);
    try {
      await two.#start();
    } catch (error) {
      await two.stop();
      throw error;
    }
    return two;
  }

  async #start(): Promise<void> {
    this.#network = await Network.start();
    const add = (side: Side) => this.#network.addHost(`host-${side}`, join(this.#folder, side));
    this.#hosts = { left: await add('left'), right: await add('right') };
    await Promise.all([
      this.#temporal.start(),
      this.#bucket.start(),
      this.judge.start(),
      startMlflow().then((mlflow) => {
        this.#mlflow = mlflow;
      }),
    ]);
    const offer = (server: string) => this.#network.offer(server.replace(/^http:\/\//, '').replace(/\/v1$/, ''));
    this.judgeUrl = `http://${await offer(this.judge.baseUrl)}/v1`;
    this.#endpoint = `http://${await offer(this.#bucket.endpoint)}`;
    this.#env = {
      ...KEYS,
      TEMPORAL_ADDRESS: await offer(this.#temporal.address),
      MLFLOW_TRACKING_URI: `http://${await offer(this.#mlflow.url)}`,
      CHAOS_JUDGE_KEY: 'any',
    };
    this.#connection = Connection.lazy({ address: this.#temporal.address });
  }

  async stop(): Promise<void> {
    await this.#connection?.close();
    await this.#network?.stop();
    await Promise.all([this.#temporal.kill(), this.#bucket.kill(), this.judge.stop(), this.#mlflow?.remove()]);
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Runs an experiment on both hosts, with a store of its own, while something happens to them. */
  async play(
    name: string,
    experiment: object,
    { disturb, longestSeconds }: { disturb?: (chaos: HostChaos) => Promise<void>; longestSeconds: number },
  ): Promise<PlayedOnHosts> {
    const place = `s3://${BUCKET}/${randomUUID()}`;
    const boot = async (side: Side) => {
      const env = { ...this.#env, VIDEOCAP_STORE: `${place}?endpoint=${this.#endpoint}` };
      await this.#hosts[side].boot(QUEUES[side], env);
    };
    this.judge.answered.clear();
    const started = performance.now();
    await Promise.all((['left', 'right'] as const).map((side) => this.#allow(side).then(() => boot(side))));
    const client = new Client({ connection: this.#connection });
    const run = await client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: name, args: [experiment] },
    });
    let over = false;
    try {
      const disturbed = disturb?.({
        over: () => over,
        async step(number) {
          for (;;) {
            const seen = await run.query<Pick<RunStatus, 'step' | 'secondsPerStep'>>('status').catch(() => undefined);
            if (over || (seen && seen.step >= number)) return seen ?? { step: number };
            await sleep(50);
          }
        },
        kill: async (side) => {
          await this.#hosts[side].cutPower();
          await boot(side);
        },
        cutOff: async (side, seconds) => {
          await this.#hosts[side].unplug();
          await sleep(1000 * seconds);
          await this.#hosts[side].plugIn();
        },
      });
      const ended = (run.result() as Promise<RunSummary>).finally(() => {
        over = true;
      });
      const late = sleep(1000 * longestSeconds, undefined, { ref: false }).then(() => {
        throw new Error(`${name} did not end within ${longestSeconds} s.`);
      });
      const [summary] = await Promise.all([Promise.race([ended, late]), disturbed]);
      const seconds = (performance.now() - started) / 1000;
      const url = `${place}?endpoint=${this.#bucket.endpoint}`;
      const store = new ArtifactStore(storageAt(url, join(this.#folder, 'copies')));
      const points = await storedPoints(this.#mlflow.folder, summary.mlflowRunUrl!);
      return { summary, store, seconds, points, answered: new Map(this.judge.answered) };
    } catch (error) {
      const logs = Object.values(this.#hosts).map(({ log }) => log);
      throw new Error([`${(error as Error).message}`, ...logs].join('\n'), { cause: error });
    } finally {
      over = true;
      await Promise.all(Object.values(this.#hosts).map((host) => host.cutPower()));
    }
  }

  /** The judge is on another machine, so the owner of a worker allows its key to be sent there. */
  async #allow(side: Side): Promise<void> {
    const { home } = this.#hosts[side];
    const allowed = { keys: [{ variable: 'CHAOS_JUDGE_KEY', url: new URL(this.judgeUrl).origin }] };
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'allowed.yaml'), JSON.stringify(allowed));
  }
}

/** What happens to hosts. */
export interface HostChaos {
  /** Is the run over? */
  over(): boolean;
  /** Done when the run has made so many steps, or is over. @returns how many, and the seconds that each takes. */
  step(number: number): Promise<Pick<RunStatus, 'step' | 'secondsPerStep'>>;
  /** Cuts its power; done when it is back, and its worker ready. */
  kill(side: Side): Promise<void>;
  /** Takes its cable out; done when it is in again. */
  cutOff(side: Side, seconds: number): Promise<void>;
}
