// Speaks the engine's messages without a model. What it does is written in the request's `policy.model`.
import { parentPort } from 'node:worker_threads';

let answered = 0;
parentPort.on('message', ({ id, request, state }) => {
  const what = request.policy.model;
  if (what === 'exit') process.exit(3);
  if (what === 'throw') throw new Error('out of luck');
  if (what === 'wait for cancellation') {
    parentPort.postMessage({ id, progress: { done: 0, total: 1, what: 'waiting' } });
    while (Atomics.load(state, 0) === 0) Atomics.wait(state, 0, 0, 20);
  }
  if (what === 'fail') {
    const failure = { ours: true, code: 'InvalidModel', message: 'No such model.', stack: 'Error: there' };
    return parentPort.postMessage({ id, failure });
  }
  if (what === 'full disk') {
    const failure = { ours: false, code: 'ENOSPC', message: 'no space left', stack: 'Error: there' };
    return parentPort.postMessage({ id, failure });
  }
  answered += 1;
  parentPort.postMessage({ id, result: [{ sampleId: `${what} ${answered}`, completions: [] }] });
});
