import type { Group } from '../../../core/completion.ts';
import type { ComputeOptions } from '../../../core/compute-options.ts';
import { runNative, serveThread } from '../../../core/thread-server.ts';

/**
 * A thread that hangs in the way that VIDEOCAP_TEST_HANG named when it was started; without it, the real engine's
 * thread.
 */

interface HangingApi {
  generate(request: unknown): Group[];
  embed(request: unknown): Float32Array<ArrayBuffer>;
}

const sleepFor = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const hangs: Record<string, () => unknown> = {
  spins: () => {
    for (;;);
  },
  sleeps: () => sleepFor(Number.POSITIVE_INFINITY),
  // In native code, which returns long after it was given up.
  'is in a graph': () => runNative(async () => sleepFor(8000)),
};

const hang = hangs[process.env.VIDEOCAP_TEST_HANG ?? ''];
async function hangUp(_: unknown, { progress }: ComputeOptions): Promise<never> {
  progress({ done: 3, total: 8, what: 'gradients' });
  await hang!();
  throw new Error('too late');
}
if (hang) serveThread<HangingApi>({ generate: hangUp, embed: hangUp });
else await import('../../../policy/onnx/engine/engine-thread.ts');
