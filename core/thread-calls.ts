import { AsyncResource } from 'node:async_hooks';
import { Worker } from 'node:worker_threads';
import type { Progress } from './compute-options.ts';
import { type ErrorCode, ThreadDied, VideocapError } from './errors.ts';
import {
  CALL_CANCELLED,
  CALL_WANTED,
  type CallState,
  NATIVE,
  PHASE,
  type RequestMessage,
  type ResponseMessage,
  type ThreadData,
  type ThreadFailure,
} from './thread-messages.ts';

export interface CallOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Ends the call with the signal's reason; the thread stops at its next check, and is given up at once for `Stuck`.
   */
  signal?: AbortSignal | undefined;
}

/** Kept until the thread has finished it, also when its caller no longer waits. */
interface Call {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onProgress: CallOptions['onProgress'];
  state: CallState;
}

/** How long a process that exits waits for native code to return. */
const EXIT_MILLISECONDS = 10_000;
/** Node 20 reads no TypeScript, and a thread starts without its parent's loader. */
const START = new URL('./start-thread.mjs', import.meta.url);

/**
 * One thread and the calls that it has yet to answer. It ends once, by itself or by `close`, and is not started again.
 */
export class ThreadCalls {
  static readonly #alive = new Set<ThreadCalls>();
  readonly #name: string;
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #onEnd: () => void;
  #lastId = 0;
  #drained: (() => void) | undefined;

  /**
   * @param name what error messages call the thread: `The policy engine's thread`.
   * @param onEnd called when the thread has ended or was given up, before its callers' promises reject.
   */
  constructor(name: string, data: ThreadData, onEnd: () => void) {
    this.#name = name;
    this.#worker = new Worker(START, { workerData: data });
    // An idle thread must not keep the process alive: only open calls hold it.
    this.#worker.unref();
    this.#onEnd = onEnd;
    this.#worker.on('message', (message: ResponseMessage) => this.#receive(message));
    const end = (reason: string) => {
      onEnd();
      ThreadCalls.#alive.delete(this);
      if (ThreadCalls.#alive.size === 0) process.off('exit', ThreadCalls.#stopAll);
      this.#rejectAll(reason, ThreadDied);
      this.#calls.clear();
      this.#drained?.();
    };
    this.#worker.on('error', (error: unknown) => end(reasonOf(error)));
    this.#worker.on('exit', (code) => end(`it ended with code ${code}`));
    if (ThreadCalls.#alive.size === 0) process.on('exit', ThreadCalls.#stopAll);
    ThreadCalls.#alive.add(this);
  }

  /** @throws what the thread threw; VideocapError `Unavailable` when it died; the signal's reason when aborted. */
  async call(method: string, request: unknown, { onProgress, signal }: CallOptions): Promise<unknown> {
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const state = new Int32Array(new SharedArrayBuffer(8));
    const abort = () => {
      Atomics.compareExchange(state, PHASE, CALL_WANTED, CALL_CANCELLED);
      this.#calls.get(id)?.reject(signal!.reason);
      if (signal!.reason instanceof VideocapError && signal!.reason.code === 'Stuck') this.#abandon(signal!.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        // Messages arrive in the async context that started the thread; progress belongs to the context of this call.
        this.#calls.set(id, { resolve, reject, onProgress: onProgress && AsyncResource.bind(onProgress), state });
        this.#worker.ref();
        this.#worker.postMessage({ id, method, request, state } satisfies RequestMessage);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Rejects all open calls, waits until running native code returns, and ends the thread. */
  async close(): Promise<void> {
    this.#rejectAll('it was closed');
    this.#cancelAll();
    // Terminating a thread inside native code ends the whole process.
    if (this.#calls.size > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    await this.#worker.terminate();
  }

  /** Gives up a thread that makes no progress: the next call starts another one. */
  #abandon({ message }: VideocapError): void {
    this.#onEnd();
    this.#rejectAll(message);
    this.#cancelAll();
    this.#worker.unref();
    const inNative = [...this.#calls.values()].some(({ state }) => Atomics.load(state, NATIVE) > 0);
    // As in `close`: if the native code ever returns, the thread is ended then.
    if (inNative) this.#drained = () => void this.#worker.terminate();
    else void this.#worker.terminate();
  }

  #receive(message: ResponseMessage): void {
    // User code in the thread may post messages of its own, of any type. They answer no call.
    const call = this.#calls.get((message as ResponseMessage | null)?.id as number);
    if (!call) return;
    if ('progress' in message) {
      call.onProgress?.(message.progress);
      return;
    }
    if ('result' in message) call.resolve(message.result);
    else call.reject(asError(message.failure));
    this.#calls.delete(message.id);
    if (this.#calls.size > 0) return;
    this.#worker.unref();
    this.#drained?.();
  }

  #rejectAll(reason: string, Died?: typeof ThreadDied): void {
    const message = `${this.#name} stopped: ${reason}.`;
    const error = Died ? new Died(message) : new VideocapError('Unavailable', message);
    for (const { reject } of this.#calls.values()) reject(error);
  }

  #cancelAll(): void {
    for (const { state } of this.#calls.values()) Atomics.compareExchange(state, PHASE, CALL_WANTED, CALL_CANCELLED);
  }

  /** The process exits: it waits here, where nothing else can run, until native code has returned (see `close`). */
  static readonly #stopAll = (): void => {
    for (const thread of ThreadCalls.#alive) {
      thread.#cancelAll();
      for (const { state } of thread.#calls.values()) Atomics.wait(state, PHASE, CALL_CANCELLED, EXIT_MILLISECONDS);
    }
  };
}

/** A thread can throw anything, such as `null`, after the call that began it. */
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : `it threw ${JSON.stringify(thrown) ?? typeof thrown}`;
}

function asError({ ours, code, message, stack }: ThreadFailure): Error {
  const error = ours ? new VideocapError(code as ErrorCode, message) : Object.assign(new Error(message), { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
