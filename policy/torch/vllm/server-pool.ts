import { EventEmitter, once, setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { VideocapError } from '../../../core/errors.ts';
import { AT_ONCE } from './rollout-config.ts';
import { RolloutFault } from './rollout-fault.ts';
import type { VllmServer } from './vllm-server.ts';

/** Milliseconds after which a server that was away is tried again. */
const PAUSE = 1000;
/** How often in a row a server may have lost the policy that it was given. */
const MOST_LOST = 3;

export interface Pool<Ready, T> {
  servers: readonly VllmServer[];
  /** Makes a server ready for requests. */
  prepare(server: VllmServer, signal: AbortSignal): Promise<Ready>;
  /** Number of requests. */
  count: number;
  /** Makes request `index`. */
  ask(server: VllmServer, ready: Ready, index: number, signal: AbortSignal): Promise<T>;
  /** A server does not answer, or has another policy: what is known of it may no longer be true. */
  lost(server: VllmServer): void;
  /** A request was answered. `done` were so far. */
  answered(done: number): void;
  signal?: AbortSignal | undefined;
}

/**
 * Servers that share requests: each takes the next one when it has room. What a server does not answer, another one is
 * asked; the server is left out until it is ready again.
 */
export class ServerPool<Ready, T> {
  readonly #pool: Pool<Ready, T>;
  readonly #answers = new Map<number, T>();
  readonly #waiting: number[];
  readonly #away = new Map<string, string>();
  readonly #stop = new AbortController();
  /** Tells lanes without a request that there is one again. */
  readonly #returned = new EventEmitter().setMaxListeners(0);

  constructor(pool: Pool<Ready, T>) {
    this.#pool = pool;
    this.#waiting = Array.from({ length: pool.count }, (_, index) => index);
  }

  get done(): number {
    return this.#answers.size;
  }

  /** Why no server is ready, while none is. */
  get outage(): string | undefined {
    if (this.#away.size < this.#pool.servers.length) return undefined;
    return [...this.#away.values()].join('. ');
  }

  /**
   * The answers, in the order of the requests.
   * @throws VideocapError `RolloutRefused` where a person must look at a server; the signal's reason.
   */
  async answers(): Promise<T[]> {
    const { servers, count, signal } = this.#pool;
    const stop = () => this.#stop.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      signal?.throwIfAborted();
      // The first fault ends all of them, and is the one that is thrown.
      await Promise.all(servers.map((server) => this.#use(server).catch((error) => this.#stop.abort(error))));
      this.#throwUnlessDone();
      return Array.from({ length: count }, (_, index) => this.#answers.get(index)!);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof RolloutFault ? refusal(error) : error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Keeps a server at work until all requests are answered. */
  async #use(server: VllmServer): Promise<void> {
    for (let lost = 0; !this.#isDone; ) {
      try {
        const ready = await this.#pool.prepare(server, this.#stop.signal);
        this.#away.delete(server.url);
        await this.#work(server, ready);
        return;
      } catch (error) {
        if (this.#isDone) return;
        if (!(error instanceof RolloutFault) || error.kind === 'refused') throw error;
        this.#pool.lost(server);
        if (error.kind === 'otherPolicy' && ++lost >= MOST_LOST) throw error;
        if (error.kind === 'otherPolicy') continue;
        this.#away.set(server.url, error.message);
        await setTimeout(PAUSE, undefined, { signal: this.#stop.signal }).catch(() => this.#throwUnlessDone());
      }
    }
  }

  /** Makes requests until none is left. After a fault, those on their way are given up, and can be taken again. */
  async #work(server: VllmServer, ready: Ready): Promise<void> {
    const session = new AbortController();
    const signal = AbortSignal.any([session.signal, this.#stop.signal]);
    setMaxListeners(0, signal); // one for each lane
    const most = Math.min(AT_ONCE, Math.ceil(this.#pool.count / this.#pool.servers.length));
    const lanes = Array.from({ length: most }, async () => {
      while (!this.#isDone) {
        signal.throwIfAborted();
        const index = this.#waiting.shift();
        if (index === undefined) {
          await once(this.#returned, 'request', { signal });
          continue;
        }
        try {
          this.#answer(index, await this.#pool.ask(server, ready, index, signal));
        } catch (error) {
          this.#waiting.unshift(index);
          session.abort(error);
          this.#returned.emit('request');
          throw error;
        }
      }
    });
    const ended = await Promise.allSettled(lanes);
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed && !this.#isDone) throw session.signal.aborted ? session.signal.reason : failed.reason;
  }

  #answer(index: number, answer: T): void {
    this.#answers.set(index, answer);
    this.#pool.answered(this.done);
    if (this.#isDone) this.#stop.abort(new Error('all requests are answered'));
  }

  get #isDone(): boolean {
    return this.#answers.size === this.#pool.count;
  }

  #throwUnlessDone(): void {
    if (!this.#isDone) throw this.#stop.signal.reason;
  }
}

function refusal(fault: RolloutFault): VideocapError {
  return new VideocapError('RolloutRefused', `${fault.message}. Once that is repaired: \`videocap resume\`.`, {
    cause: fault,
  });
}
