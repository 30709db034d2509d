import { type CallOptions, ThreadCalls } from './thread-calls.ts';
import type { RequestOf, ResultOf, ThreadApi } from './thread-messages.ts';

export interface ThreadOptions {
  /** The TypeScript module that the thread runs; it calls `serveThread`. */
  script: URL;
  /** What `threadData` returns in the thread. */
  data?: unknown;
  /** What error messages call the thread, as the beginning of a sentence: `The policy engine's thread`. */
  name: string;
}

/**
 * Calls methods that a worker thread serves. The thread starts with the first call, answers one call at a time, in
 * order, and does not keep the process alive while it is idle.
 *
 * A call rejects with what the thread threw, with `Unavailable` when the thread died, or with the signal's reason. A
 * thread that died, or that a signal's `Stuck` gave up, is replaced at the next call. A thread is never terminated
 * inside native code.
 */
export class ThreadClient<Api extends ThreadApi<Api>> {
  readonly #options: ThreadOptions;
  #thread: ThreadCalls | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** @throws what the thread threw; VideocapError `Unavailable`; the signal's reason. */
  call<K extends keyof Api & string>(
    method: K,
    request: RequestOf<Api[K]>,
    options: CallOptions = {},
  ): Promise<ResultOf<Api[K]>> {
    this.#thread ??= this.#start();
    return this.#thread.call(method, request, options) as Promise<ResultOf<Api[K]>>;
  }

  /** Rejects all open calls and ends the thread. The next call starts another one. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }

  #start(): ThreadCalls {
    const { name, script, data } = this.#options;
    const thread: ThreadCalls = new ThreadCalls(name, { script: script.href, data }, () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}
