// A thread that never answers, in the way that VIDEOCAP_TEST_HANG named when it was started; else the real engine's.
import { parentPort } from 'node:worker_threads';

const sleepFor = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const hangs = {
  spins: () => {
    for (;;);
  },
  sleeps: () => sleepFor(Number.POSITIVE_INFINITY),
  // In native code, which returns long after it was given up.
  'is in a graph': ({ id, state }) => {
    Atomics.store(state, 1, 1);
    sleepFor(8000);
    Atomics.store(state, 1, 0);
    Atomics.store(state, 0, 2);
    parentPort.postMessage({ id, failure: { ours: false, code: undefined, message: 'too late', stack: undefined } });
  },
};

const hang = hangs[process.env.VIDEOCAP_TEST_HANG];
if (hang)
  parentPort.on('message', (message) => {
    if ('request' in message)
      parentPort.postMessage({ id: message.id, progress: { done: 3, total: 8, what: 'gradients' } });
    hang(message);
  });
else {
  const { loadTypeScript } = await import('../../../core/load-typescript.mjs');
  await loadTypeScript(new URL('../../../policy/onnx/engine/engine-thread.ts', import.meta.url));
}
