import type { Progress } from './compute-options.ts';

/** The methods that a thread serves, such as `{ embed(phrases: string[]): Float32Array }`. */
export type ThreadApi<Api> = { [K in keyof Api]: (request: never) => unknown };
// biome-ignore lint/suspicious/noExplicitAny: the parameter is inferred, not used
export type RequestOf<Method> = Method extends (request: infer Request) => any ? Request : never;
// biome-ignore lint/suspicious/noExplicitAny: as above
export type ResultOf<Method> = Method extends (...args: any) => infer Result ? Result : never;

/** What a thread is started with: the TypeScript module that it runs, and what that module needs. */
export interface ThreadData {
  script: string;
  data?: unknown;
}

/**
 * Two numbers of a call that both threads see at once. `state[PHASE]` is one of the phases below; `state[NATIVE]` is
 * how many pieces of native code compute for the call.
 */
export type CallState = Int32Array<SharedArrayBuffer>;
export const PHASE = 0;
export const NATIVE = 1;

/** The caller waits for the result; the caller no longer waits; the thread has finished the call. */
export const CALL_WANTED = 0;
export const CALL_CANCELLED = 1;
export const CALL_ENDED = 2;

/** To the thread. */
export interface RequestMessage {
  id: number;
  method: string;
  request: unknown;
  state: CallState;
}

/** From the thread. */
export type ResponseMessage =
  | { id: number; progress: Progress }
  | { id: number; result: unknown }
  | { id: number; failure: ThreadFailure };

/** An error in transit: `ours` is a `VideocapError`; others keep the system's code (`ENOSPC`), if they have one. */
export interface ThreadFailure {
  ours: boolean;
  code: string | undefined;
  message: string;
  stack: string | undefined;
}
