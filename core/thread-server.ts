import { parentPort, workerData } from 'node:worker_threads';
import type { ComputeOptions } from './compute-options.ts';
import { VideocapError } from './errors.ts';
import {
  CALL_CANCELLED,
  CALL_ENDED,
  type CallState,
  NATIVE,
  PHASE,
  type RequestMessage,
  type RequestOf,
  type ResponseMessage,
  type ResultOf,
  type ThreadApi,
  type ThreadData,
} from './thread-messages.ts';

/** How a thread computes each of its methods. What a handler throws reaches the caller with its code and stack. */
export type ThreadHandlers<Api extends ThreadApi<Api>> = {
  [K in keyof Api]: (
    request: RequestOf<Api[K]>,
    options: ComputeOptions,
  ) => ResultOf<Api[K]> | Promise<ResultOf<Api[K]>>;
};

/** The state of the call that this thread computes. */
let current: CallState | undefined;

/**
 * Serves a `ThreadClient`: one call at a time, in order.
 * @param buffersOf the memory of a result that moves to the caller instead of being copied.
 */
export function serveThread<Api extends ThreadApi<Api>>(
  handlers: ThreadHandlers<Api>,
  buffersOf: (result: ResultOf<Api[keyof Api]>) => ArrayBuffer[] = () => [],
): void {
  let queue = Promise.resolve();
  parentPort!.on('message', (message: RequestMessage) => {
    queue = queue.then(() => respond(message));
  });

  async function respond({ id, method, request, state }: RequestMessage): Promise<void> {
    const post = (message: ResponseMessage, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer);
    const options: ComputeOptions = {
      progress: (progress) => post({ id, progress }),
      throwIfCancelled: () => {
        if (Atomics.load(state, PHASE) === CALL_CANCELLED)
          throw new DOMException('The caller no longer waits for this.', 'AbortError');
      },
    };
    current = state;
    try {
      options.throwIfCancelled();
      const name = method as keyof Api;
      const result = await handlers[name](request as RequestOf<Api[typeof name]>, options);
      post({ id, result }, buffersOf(result));
    } catch (error) {
      const { code, message, stack } = error as NodeJS.ErrnoException;
      post({ id, failure: { ours: error instanceof VideocapError, code, message, stack } });
    } finally {
      Atomics.store(state, PHASE, CALL_ENDED);
      Atomics.notify(state, PHASE);
    }
  }
}

/** What the thread was started with. */
export function threadData<T>(): T {
  return (workerData as ThreadData).data as T;
}

/**
 * Runs native code, such as a graph: while it runs, the client does not terminate the thread, which would end the
 * process.
 */
export async function runNative<T>(run: () => Promise<T>): Promise<T> {
  const leave = enterNative();
  try {
    return await run();
  } finally {
    leave();
  }
}

/** Native code begins to run, here or in a thread that this one started; call what is returned when it has ended. */
export function enterNative(): () => void {
  const state = current;
  if (!state) return () => undefined;
  Atomics.add(state, NATIVE, 1);
  return () => void Atomics.sub(state, NATIVE, 1);
}
