import { AsyncResource } from 'node:async_hooks';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, VideocapError } from '../../../core/errors.ts';
import {
  CALL_CANCELLED,
  CALL_WANTED,
  type EngineFailure,
  type EngineRequest,
  type EngineResults,
  type RequestMessage,
  type ResponseMessage,
} from './engine-messages.ts';
import type { Progress } from './job.ts';

export interface CallOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the call with the signal's reason; the thread stops at the next graph run, and is given up at once for `Stuck`. */
  signal?: AbortSignal | undefined;
}

type Result = EngineResults[EngineRequest['kind']];

/** Kept until the thread has done with it, also when nobody waits for it any more. */
interface Call {
  resolve(result: Result): void;
  reject(error: unknown): void;
  onProgress: CallOptions['onProgress'];
  state: Int32Array<SharedArrayBuffer>;
}

/** How long a process that exits waits for a graph run to end. */
const PATIENCE_MILLISECONDS = 10_000;

/** One thread and the calls it has yet to answer. It ends once, by itself or by `close`, and is not started again. */
export class EngineCalls {
  static readonly #alive = new Set<EngineCalls>();
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #onEnd: () => void;
  #lastId = 0;
  #drained: (() => void) | undefined;

  /** @param onEnd called when the thread is no more, before those who wait for it are told. */
  constructor(script: URL, onEnd: () => void) {
    this.#worker = new Worker(script);
    this.#onEnd = onEnd;
    this.#worker.on('message', (message: ResponseMessage) => this.#receive(message));
    const end = (reason: string) => {
      onEnd();
      EngineCalls.#alive.delete(this);
      if (EngineCalls.#alive.size === 0) process.off('exit', EngineCalls.#stopAll);
      this.#rejectAll(reason);
      this.#calls.clear();
      this.#drained?.();
    };
    this.#worker.on('error', (error) => end(error.message));
    this.#worker.on('exit', (code) => end(`it ended with code ${code}`));
    if (EngineCalls.#alive.size === 0) process.on('exit', EngineCalls.#stopAll);
    EngineCalls.#alive.add(this);
  }

  /** @throws VideocapError what the thread threw, or `Unavailable` when it died; the signal's reason when aborted. */
  async call(request: EngineRequest, { onProgress, signal }: CallOptions): Promise<Result> {
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const state = new Int32Array(new SharedArrayBuffer(8));
    const abort = () => {
      Atomics.store(state, 0, CALL_CANCELLED);
      this.#calls.get(id)?.reject(signal!.reason);
      if (signal!.reason instanceof VideocapError && signal!.reason.code === 'Stuck') this.#abandon(signal!.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<Result>((resolve, reject) => {
        // The thread's messages arrive in the context of whoever started it; progress belongs to whoever called.
        this.#calls.set(id, { resolve, reject, onProgress: onProgress && AsyncResource.bind(onProgress), state });
        this.#worker.ref();
        this.#worker.postMessage({ id, request, state } satisfies RequestMessage);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Tells whoever still waits, lets the running graph end, and ends the thread. */
  async close(): Promise<void> {
    this.#rejectAll('it was closed');
    this.#cancelAll();
    // A thread must not be ended within a graph run: the runtime would take the whole process with it.
    if (this.#calls.size > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    await this.#worker.terminate();
  }

  /** Gives up a thread that no longer moves: the next call gets another one. */
  #abandon({ message }: VideocapError): void {
    this.#onEnd();
    this.#rejectAll(message);
    this.#cancelAll();
    this.#worker.unref();
    const inGraph = [...this.#calls.values()].some(({ state }) => Atomics.load(state, 1) === 1);
    // A thread must not be ended within a graph run; if that ever returns, the thread is ended then.
    if (inGraph) this.#drained = () => void this.#worker.terminate();
    else void this.#worker.terminate();
  }

  #receive(message: ResponseMessage): void {
    const call = this.#calls.get(message.id);
    if ('progress' in message) {
      call?.onProgress?.(message.progress);
      return;
    }
    if ('result' in message) call?.resolve(message.result);
    else call?.reject(asError(message.failure));
    this.#calls.delete(message.id);
    if (this.#calls.size > 0) return;
    // An idle thread must not keep the process alive.
    this.#worker.unref();
    this.#drained?.();
  }

  #rejectAll(reason: string): void {
    const error = new VideocapError('Unavailable', `The policy engine's thread stopped: ${reason}.`);
    for (const { reject } of this.#calls.values()) reject(error);
  }

  #cancelAll(): void {
    for (const { state } of this.#calls.values()) Atomics.compareExchange(state, 0, CALL_WANTED, CALL_CANCELLED);
  }

  /** The process exits: for the reason given in `close`, its threads are waited for here, where nothing else can run. */
  static readonly #stopAll = (): void => {
    for (const thread of EngineCalls.#alive) {
      thread.#cancelAll();
      for (const { state } of thread.#calls.values()) Atomics.wait(state, 0, CALL_CANCELLED, PATIENCE_MILLISECONDS);
    }
  };
}

function asError({ ours, code, message, stack }: EngineFailure): Error {
  const error = ours ? new VideocapError(code as ErrorCode, message) : Object.assign(new Error(message), { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
