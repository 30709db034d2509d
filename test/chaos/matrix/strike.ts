import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { appendFileSync } from 'node:fs';
import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { CurrentAttempt } from '../../../workers/current-attempt.ts';
import { ACTIVITIES, type Cell, type Moment, type StruckStage } from './cells.ts';

/** What a worker under test is told. */
export type Order =
  /** Another run begins, to be struck once or not at all. */
  | { play: Cell | null }
  /** The server that it struck is dead: the activity may go on. */
  | { goOn: true };

/**
 * Inside a worker under test: strikes a run once, at one moment of one call of one activity. Writes to a journal what begins
 * to be made (`make <key>`) and what is stored (`put <key>`), so that work done twice shows.
 */
export class Striker {
  readonly #activity = new AsyncLocalStorage<{ run: Run; name: string; call: number }>();
  readonly #goOn = new EventEmitter();
  #run = new Run(null);
  #disk: { code: string; until: number } | undefined;

  constructor(journal: string) {
    this.#watchStore(journal);
    this.#watchComputing();
    this.#watchRequests();
    this.#watchDisk();
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
    // A server: whoever started it kills it, then says so.
    else await once(this.#goOn, 'go on');
  }

  #breakDisk(code: string, { awaySeconds }: Cell): void {
    this.#disk = { code, until: Date.now() + 1000 * awaySeconds };
  }

  #watchStore(journal: string): void {
    const reach = (moment: Moment) => this.#reach(moment);
    const isOneOf = (...stages: StruckStage[]) =>
      stages.some((stage) => this.#activity.getStore()?.name === ACTIVITIES[stage]);
    const { put, once } = ArtifactStore.prototype;
    ArtifactStore.prototype.put = async function (key, bytes) {
      if (!isOneOf('judge', 'rollout', 'update')) await reach('during');
      const ref = await put.call(this, key, bytes);
      appendFileSync(journal, `put ${key}\n`);
      // Of the judge's answers some are to be kept by then.
      if (isOneOf('judge')) await reach('during');
      return ref;
    };
    ArtifactStore.prototype.once = function (key, make) {
      return once.call(this, key, () => {
        appendFileSync(journal, `make ${key}\n`);
        return make();
      });
    };
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

  /** What a full or read-only disk does to whoever writes: the system's own errors, from the functions that meet them. */
  #watchDisk(): void {
    for (const name of ['open', 'link', 'rename', 'mkdir', 'unlink', 'rm', 'copyFile', 'writeFile'] as const) {
      const real = filesystem[name] as (...args: unknown[]) => unknown;
      const failing = async (...args: unknown[]) => {
        const reading = name === 'open' && (args[1] === undefined || args[1] === 'r');
        const freeing = this.#disk?.code === 'ENOSPC' && (name === 'unlink' || name === 'rm');
        if (this.#disk && Date.now() < this.#disk.until && !reading && !freeing)
          throw Object.assign(new Error(`${this.#disk.code}: ${name}, ${args[0]}`), { code: this.#disk.code });
        return real(...args);
      };
      Object.assign(filesystem, { [name]: failing });
    }
    syncBuiltinESMExports();
  }
}

/** One run of a worker's life. */
class Run {
  readonly cell: Cell | null;
  readonly #calls = new Map<string, number>();
  struck = false;

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
