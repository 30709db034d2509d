import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { Report } from '../../cli/setup/report.ts';
import type { JudgeEndpoint } from '../chaos/matrix/judge-endpoint.ts';
import { TemporalProcess } from '../chaos/matrix/temporal-process.ts';
import type { WorkerPlace } from '../chaos/worker-process.ts';
import { KeptWorker } from './kept-worker.ts';
import type { Method, Outcome, ReadOutcome, RunOutcome } from './outcome.ts';

/** One of the two revisions: its code, its configs, and how its outcome is read. */
export interface Side {
  name: string;
  /** How its worker is started. */
  worker(place: WorkerPlace): WorkerPlace;
  configs: Record<Method, string>;
  read: ReadOutcome;
  /** Resolves in the middle of the GRPO run, when its worker is to be killed. Without it, no worker is killed. */
  killAt?: (store: string, runKey: string, signal: AbortSignal) => Promise<void>;
}

export interface Surroundings {
  folder: string;
  /** Folder of the embedding model. */
  models: string;
  mlflowUrl: string;
  judge: JudgeEndpoint;
  report: Report;
  /** Rejects when a user ends the check; its processes are stopped then, as at its end. */
  interrupted: Promise<never>;
}

/** Far more than a run takes where the machine has much else to do. */
const LONGEST_MILLISECONDS = 900_000;
const LOOK_MILLISECONDS = 50;

/**
 * Runs both experiments of one side, one after the other, with a Temporal server and a home that no other side has
 * seen.
 */
export async function playSide(side: Side, surroundings: Surroundings): Promise<Outcome> {
  const { folder, models, mlflowUrl, judge, report, interrupted } = surroundings;
  const home = join(folder, side.name);
  await mkdir(home);
  await symlink(models, join(home, 'models'));
  judge.answered.clear();
  const temporal = new TemporalProcess(join(home, 'temporal.db'));
  await temporal.start();
  const connection = Connection.lazy({ address: temporal.address });
  const env = { DIFFERENTIAL_JUDGE_KEY: 'any' };
  const place = side.worker({ temporalAddress: temporal.address, mlflowUrl, home, env });
  const worker = new KeptWorker(place, (what) => report.line(what));
  const player = new Player(side, home, judge.baseUrl, new Client({ connection }), worker);
  try {
    await report.step(`${side.name}: its worker`, () => worker.start());
    const title = `${side.name}: 6 steps of GRPO${side.killAt ? ', the worker killed on the way' : ''}`;
    const grpo = await report.step(title, () => player.play('grpo', interrupted, side.killAt));
    const sft = await report.step(`${side.name}: 6 steps of SFT`, () => player.play('sft', interrupted));
    return { grpo, sft, judge: Object.fromEntries(judge.answered), deaths: worker.deaths };
  } catch (error) {
    throw new Error(`The experiment of ${side.name} failed: ${causes(error)}\n${worker.log.slice(-4000)}`);
  } finally {
    // The connection is left open: of a run that was given up, something may still wait on it until the process ends.
    await worker.kill();
    await temporal.kill();
  }
}

/** Plays a side's runs. */
class Player {
  readonly #side: Side;
  readonly #home: string;
  readonly #judgeUrl: string;
  readonly #client: Client;
  readonly #worker: KeptWorker;

  constructor(side: Side, home: string, judgeUrl: string, client: Client, worker: KeptWorker) {
    this.#side = side;
    this.#home = home;
    this.#judgeUrl = judgeUrl;
    this.#client = client;
    this.#worker = worker;
  }

  async play(method: Method, interrupted: Promise<never>, killAt?: Side['killAt']): Promise<RunOutcome> {
    const { name, configs, read } = this.#side;
    const config = join(this.#home, `${method}.yaml`);
    await writeFile(config, (await readFile(configs[method], 'utf8')).replaceAll('JUDGE_URL', this.#judgeUrl));
    // The base revision does not know this file, and opens any config.
    await writeFile(join(this.#home, 'allowed.yaml'), 'configs: [.]\n');
    const handle = await this.#client.workflow.start('trainingRun', {
      taskQueue: 'videocap',
      workflowId: `${name}-${method}`,
      args: [{ config }],
    });
    const over = new AbortController();
    const disturbed = killAt && this.#disturb(handle, killAt, over.signal);
    const late = sleep(LONGEST_MILLISECONDS, undefined, { ref: false }).then(() => {
      throw new Error(`the ${method} run has not ended after ${LONGEST_MILLISECONDS / 1000} s.`);
    });
    try {
      const ended = Promise.all([handle.result(), disturbed]);
      const [summary] = await Promise.race([ended, this.#worker.lost, interrupted, late]);
      const { runKey, steps } = summary as { runKey: string; steps: number };
      return await read(this.#store, runKey, steps);
    } finally {
      over.abort();
      await disturbed?.catch(() => undefined);
    }
  }

  get #store(): string {
    return join(this.#home, 'store');
  }

  async #disturb(handle: WorkflowHandle, killAt: NonNullable<Side['killAt']>, signal: AbortSignal): Promise<void> {
    const described = async () => (await handle.describe()).memo?.run as string | undefined;
    let runKey: string | undefined;
    for (; !runKey; runKey = await described()) await sleep(LOOK_MILLISECONDS, undefined, { signal });
    await killAt(this.#store, runKey, signal);
    await this.#worker.kill();
    await this.#worker.start();
  }
}

function causes(error: unknown): string {
  const { message, cause } = error as Error;
  return cause ? `${message}: ${causes(cause)}` : message;
}
