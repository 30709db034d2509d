import { Worker } from 'node:worker_threads';
import type { Group } from '../core/completion.ts';
import { type ErrorCode, VideocapError } from '../core/errors.ts';
import type {
  EngineFailure,
  EngineRequest,
  EngineResults,
  GenerateRequest,
  GrpoRequest,
  RequestMessage,
  ResponseMessage,
  SftRequest,
  UpdateResult,
} from './engine-messages.ts';
import type { Progress } from './job.ts';

export interface CallOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the call with the signal's reason; the thread stops at the next graph run. */
  signal?: AbortSignal | undefined;
}

interface Pending {
  resolve(result: EngineResults[EngineRequest['kind']]): void;
  reject(error: unknown): void;
  onProgress: CallOptions['onProgress'];
}

/**
 * The embedded policy engine: Qwen2-VL on `onnxruntime`, in a thread of its own, so that the caller's event loop is always
 * free. Requests are answered one at a time, in order. Results depend on the request alone, bit for bit, on one machine
 * type: not on what was asked before.
 */
export class PolicyEngine {
  readonly #pending = new Map<number, Pending>();
  readonly #script: URL;
  #thread: Worker | undefined;
  #lastId = 0;

  /** Nothing is loaded before it is needed. `script` is for tests: another thread that speaks the same messages. */
  constructor(script = new URL('./engine-thread.mjs', import.meta.url)) {
    this.#script = script;
  }

  /** `groupSize` completions of every clip, in the order of the clips. */
  generate(request: Omit<GenerateRequest, 'kind'>, options: CallOptions = {}): Promise<Group[]> {
    return this.#call({ kind: 'generate', ...request }, options) as Promise<Group[]>;
  }

  /** One GRPO step; see `grpo-step.ts`. */
  grpo(request: Omit<GrpoRequest, 'kind'>, options: CallOptions = {}): Promise<UpdateResult> {
    return this.#call({ kind: 'grpo', ...request }, options) as Promise<UpdateResult>;
  }

  /** One SFT step; see `sft-step.ts`. */
  sft(request: Omit<SftRequest, 'kind'>, options: CallOptions = {}): Promise<UpdateResult> {
    return this.#call({ kind: 'sft', ...request }, options) as Promise<UpdateResult>;
  }

  /** Ends the thread; whoever still waits is told. The next call starts another one. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    this.#abandon(thread, 'it was closed');
    await thread.terminate();
  }

  /** @throws VideocapError what the thread threw, or `Unavailable` when it died; the signal's reason when aborted. */
  async #call(request: EngineRequest, { onProgress, signal }: CallOptions) {
    signal?.throwIfAborted();
    const thread = this.#thread ?? this.#start();
    const id = ++this.#lastId;
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    const abort = () => {
      Atomics.store(cancelled, 0, 1);
      this.#take(id)?.reject(signal!.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await new Promise<EngineResults[EngineRequest['kind']]>((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, onProgress });
        thread.ref();
        thread.postMessage({ id, request, cancelled } satisfies RequestMessage);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #start(): Worker {
    const thread = new Worker(this.#script);
    thread.on('message', (message: ResponseMessage) => this.#receive(message));
    thread.on('error', (error) => this.#abandon(thread, error.message));
    thread.on('exit', (code) => this.#abandon(thread, `it ended with code ${code}`));
    this.#thread = thread;
    return thread;
  }

  #receive(message: ResponseMessage): void {
    if ('progress' in message) this.#pending.get(message.id)?.onProgress?.(message.progress);
    else if ('result' in message) this.#take(message.id)?.resolve(message.result);
    else this.#take(message.id)?.reject(asError(message.failure));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    // An idle thread must not keep the process alive.
    if (this.#pending.size === 0) this.#thread?.unref();
    return pending;
  }

  /** The thread is no more: whoever waits for it is told, and the next call starts a new one. */
  #abandon(thread: Worker, reason: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const error = new VideocapError('Unavailable', `The policy engine's thread stopped: ${reason}.`);
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
  }
}

function asError({ ours, code, message, stack }: EngineFailure): Error {
  const error = ours ? new VideocapError(code as ErrorCode, message) : Object.assign(new Error(message), { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
