import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { appendFileSync } from 'node:fs';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import type { Storage } from '../../../core/storage.ts';
import { keyOfContent } from '../../../core/stored-ref.ts';
import { CurrentAttempt, cancellationSignal } from '../../../workers/current-attempt.ts';
import { type Call, WatchedStorage } from '../../storage/watched-storage.ts';
import { rankProcesses } from '../../torch/rank-processes.ts';
import { ACTIVITIES, type Cell, isButton, type Moment, type StruckStage } from './cells.ts';

/** An order to the worker under test. */
export type Order =
  /** Another run begins, to be struck once by each cell; its artifacts are in a bucket, or else in its home. */
  | { play: readonly Cell[]; store?: string }
  /** The server that it struck is dead: the activity may continue. */
  | { goOn: true };

/**
 * Inside a worker under test: strikes a run once, at one moment of one call of one activity. Writes to a journal what
 * was made (`make <key>`, once its content is about to be stored) and what is stored (`put <key>`), so that work done
 * twice shows.
 */
export class Striker {
  readonly #activity = new AsyncLocalStorage<{ run: Run; name: string; call: number }>();
  readonly #goOn = new EventEmitter();
  #run = new Run([]);
  #disk: { code: string; until: number } | undefined;

  constructor() {
    this.#watchComputing();
    this.#watchRequests();
  }

  /** The storage of the worker, with the faults that are ordered. */
  watched(storage: Storage, journal: string): Storage {
    return new WatchedStorage(storage, {
      before: async (call) => {
        await this.#beginStoring(call, journal);
        this.#meetDisk(call);
      },
      after: (call) => this.#endStoring(call, journal),
    });
  }

  obey(order: Order): void {
    if ('play' in order) this.#run = new Run(order.play);
    else this.#goOn.emit('go on');
  }

  interceptor(context: Context): ActivityInterceptors {
    return {
      inbound: {
        execute: async (input, next) => {
          const name = context.info.activityType;
          const run = this.#run;
          return this.#activity.run({ run, name, call: run.callOf(name, context.info.attempt) }, async () => {
            await this.#reach('before');
            const result = await next(input);
            await this.#reach('after effect');
            setTimeout(() => void this.#reach('after report'), 100);
            return result;
          });
        },
      },
    };
  }

  async #reach(moment: Moment): Promise<void> {
    const now = this.#activity.getStore();
    // Something of the run before may still be on its way.
    if (now?.run !== this.#run) return;
    const cell = this.#run.take((one) => {
      return one.moment === moment && ACTIVITIES[one.stage] === now.name && one.call === now.call;
    });
    if (!cell) return;
    process.stdout.write(`${JSON.stringify({ struck: cell.victim })}\n`);
    if (cell.victim === 'worker') process.kill(process.pid, 'SIGKILL');
    else if (cell.victim === 'rank 0' || cell.victim === 'rank 1') killRank(cell.victim);
    else if (cell.victim === 'disk full') this.#breakDisk('ENOSPC', cell);
    else if (cell.victim === 'read-only store') this.#breakDisk('EROFS', cell);
    // A server: the process that started it kills it, and reports that. A button: it presses it.
    else {
      const done = once(this.#goOn, 'go on');
      if (isButton(cell.victim)) this.#run.pressing = { done, activity: now.name };
      await done;
    }
  }

  #breakDisk(code: string, { awaySeconds }: Cell): void {
    this.#disk = { code, until: Date.now() + 1000 * awaySeconds };
  }

  async #beginStoring({ method, key }: Call, journal: string): Promise<void> {
    const artifact = method === 'putContent' || method === 'putContentFile' ? keyOfContent(key) : undefined;
    if (artifact === undefined) return;
    await this.#endWhereKnown();
    appendFileSync(journal, `make ${artifact}\n`);
    if (!this.#isIn('judge', 'rollout', 'captions', 'update')) await this.#reach('during');
  }

  /** What computes in a thread goes on while a button is pressed; it must end before it stores something. */
  async #endWhereKnown(): Promise<void> {
    const { pressing } = this.#run;
    if (!pressing || this.#activity.getStore()?.name !== pressing.activity) return;
    await pressing.done;
    cancellationSignal()?.throwIfAborted();
  }

  async #endStoring({ method, key }: Call, journal: string): Promise<void> {
    // Claims and intents are no work.
    if (method !== 'putRef' || /^(fences|ledger\/asking)\//.test(key)) return;
    appendFileSync(journal, `put ${key}\n`);
    // Of the judge's answers some are to be kept by then.
    if (this.#isIn('judge')) await this.#reach('during');
  }

  #isIn(...stages: StruckStage[]): boolean {
    return stages.some((stage) => this.#activity.getStore()?.name === ACTIVITIES[stage]);
  }

  /** Computing has no moment of its own but its progress: half of it done. */
  #watchComputing(): void {
    const say = CurrentAttempt.prototype.say;
    const reach = (moment: Moment) => void this.#reach(moment);
    const computes = () => this.#isIn('rollout', 'captions', 'update');
    CurrentAttempt.prototype.say = function (more) {
      say.call(this, more);
      const { done = 0, total = 0 } = more;
      if (computes() && done < total && done >= total / 2) reach('during');
    };
  }

  #watchRequests(): void {
    const send = globalThis.fetch;
    globalThis.fetch = async (...request) => {
      const response = await send(...request);
      if (this.#activity.getStore()?.name === ACTIVITIES.tracking) await this.#reach('during');
      return response;
    };
  }

  /** What a full or read-only disk does to a storage: the system's own errors. Removing frees space. */
  #meetDisk({ method, key }: Call): void {
    if (!this.#disk || Date.now() >= this.#disk.until) return;
    const { code } = this.#disk;
    const writes = ['putContent', 'putContentFile', 'scratch', 'putRef'].includes(method);
    if (writes || (method === 'remove' && code === 'EROFS'))
      throw Object.assign(new Error(`${code}: ${method}, ${key}`), { code });
  }
}

/** The rank that dies is gone when the call goes on. */
function killRank(victim: 'rank 0' | 'rank 1'): void {
  const pid = rankProcesses()[victim === 'rank 0' ? 0 : 1];
  if (pid === undefined) throw new Error(`There is no ${victim} to kill.`);
  process.kill(pid, 'SIGKILL');
}

/** One run of a worker's life. */
class Run {
  readonly #cells: Cell[];
  readonly #calls = new Map<string, number>();
  /** The button that strikes it: `done` when it is pressed, and the activity must know. */
  pressing: { done: Promise<unknown>; activity: string } | undefined;

  constructor(cells: readonly Cell[]) {
    this.#cells = [...cells];
  }

  /** The first cell whose moment has come; it is struck once. */
  take(hasCome: (cell: Cell) => boolean): Cell | undefined {
    const at = this.#cells.findIndex(hasCome);
    return at < 0 ? undefined : this.#cells.splice(at, 1)[0];
  }

  /** Which call of an activity this is, from 1: another attempt is the same call. */
  callOf(name: string, attempt: number): number {
    const call = (this.#calls.get(name) ?? 0) + (attempt > 1 ? 0 : 1);
    this.#calls.set(name, call);
    return call;
  }
}
