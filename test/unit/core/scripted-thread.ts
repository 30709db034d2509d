import { parentPort } from 'node:worker_threads';
import type { ComputeOptions } from '../../../core/compute-options.ts';
import { VideocapError } from '../../../core/errors.ts';
import { runNative, serveThread, threadData } from '../../../core/thread-server.ts';

/** A thread that does what each request says, and numbers its answers. */
export interface ScriptedApi {
  say(what: string): string;
  bytes(length: number): Uint8Array<ArrayBuffer>;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
let answered = 0;

const scripts: Record<string, (options: ComputeOptions) => unknown> = {
  exit: () => process.exit(3),
  throw: () => {
    setImmediate(() => {
      throw new Error('out of luck');
    });
    return new Promise(() => {});
  },
  'throw null': () => {
    setImmediate(() => {
      throw null;
    });
    return new Promise(() => {});
  },
  'post by itself': () => {
    for (const message of [null, 'hello', {}, { id: 'x' }]) parentPort!.postMessage(message);
  },
  'wait for cancellation': ({ progress, throwIfCancelled }) => {
    progress({ done: 0, total: 1, what: 'waiting' });
    for (;;) {
      throwIfCancelled();
      Atomics.wait(cell, 0, 0, 20);
    }
  },
  'run native code': async ({ progress }) => {
    progress({ done: 0, total: 1, what: 'waiting' });
    await runNative(async () => Atomics.wait(cell, 0, 0, 300));
    progress({ done: 1, total: 1, what: 'returned' });
  },
  fail: () => {
    throw new VideocapError('InvalidModel', 'No such model.');
  },
  'full disk': () => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  },
};

serveThread<ScriptedApi>(
  {
    async say(what, options) {
      await scripts[what]?.(options);
      answered += 1;
      return `${what} ${answered}${threadData<string | undefined>() ?? ''}`;
    },
    bytes: (length) => new Uint8Array(length).fill(7),
  },
  (result) => (typeof result === 'string' ? [] : [result.buffer]),
);
