import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { appendFileSync } from 'node:fs';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import type { Storage } from '../../../core/storage.ts';
import { keyOfContent } from '../../../core/stored-ref.ts';
import { CurrentAttempt, cancellationSignal } from '../../../workers/current-attempt.ts';
import { type Call, WatchedStorage } from '../../storage/watched-storage.ts';
import { ACTIVITIES, type Cell, isButton, type Moment, type StruckStage } from './cells.ts';

/** An order to the worker under test. */
export type Order =
  /** Another run begins, to be struck once or not at all. */
  | { play: Cell | null }
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
  #run = new Run(null);
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
    const { cell, struck } = this.#run;
    // Something of the run before may still be on its way.
    if (struck || !cell || moment !== cell.moment || now?.run !== this.#run) return;
    if (now.name !== ACTIVITIES[cell.stage] || now.call !== cell.call) return;
    this.#run.struck = true;
    process.stdout.write(`${JSON.stringify({ struck: cell.victim })}\n`);
    if (cell.victim === 'worker') process.kill(process.pid, 'SIGKILL');
    else if (cell.victim === 'disk full') this.#breakDisk('ENOSPC', cell);
    else if (cell.victim === 'read-only store') this.#breakDisk('EROFS', cell);
    // A server: the process that started it kills it, and reports that. A button: it presses it.
    else {
      const done = once(this.#goOn, 'go on');
      if (isButton(cell.victim)) this.#run.pressing = done;
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
    if (!this.#isIn('judge', 'rollout', 'update')) await this.#reach('during');
  }

  /** What computes in a thread goes on while a button is pressed; it must end before it stores something. */
  async #endWhereKnown(): Promise<void> {
    if (!this.#run.pressing || this.#activity.getStore()?.name !== this.#struckActivity) return;
    await this.#run.pressing;
    cancellationSignal()?.throwIfAborted();
  }

  get #struckActivity(): string | undefined {
    return this.#run.cell ? ACTIVITIES[this.#run.cell.stage] : undefined;
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
    const computes = () =>
      [ACTIVITIES.rollout, ACTIVITIES.update].some((name) => name === this.#activity.getStore()?.name);
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

/** One run of a worker's life. */
class Run {
  readonly cell: Cell | null;
  readonly #calls = new Map<string, number>();
  struck = false;
  /** Done when the button that strikes it is pressed, and the activity must know. */
  pressing: Promise<unknown> | undefined;

  constructor(cell: Cell | null) {
    this.cell = cell;
  }

  /** Which call of an activity this is, from 1: another attempt is the same call. */
  callOf(name: string, attempt: number): number {
    const call = (this.#calls.get(name) ?? 0) + (attempt > 1 ? 0 : 1);
    this.#calls.set(name, call);
    return call;
  }
}
