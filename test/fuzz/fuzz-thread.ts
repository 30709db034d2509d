import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { VideocapError } from '../../core/errors.ts';
import type { FuzzOrder, FuzzResult, FuzzTarget } from './fuzz.ts';

/** One case may take so long on a busy machine. */
const MAX_MILLISECONDS = 5000;

const { target, runs, seed, folder, cases } = workerData as FuzzOrder;
const { inputs, subject } = (await import(target)) as FuzzTarget;
const result: FuzzResult = { refused: 0, slowest: 0 };
await fc.assert(
  fc.asyncProperty(inputs, async (input) => {
    Atomics.add(cases, 0, 1);
    const start = performance.now();
    try {
      await subject(input, folder);
    } catch (error) {
      if (!(error instanceof VideocapError)) throw error;
      assert.notEqual(error.message, '');
      result.refused += 1;
    }
    const milliseconds = performance.now() - start;
    result.slowest = Math.max(result.slowest, milliseconds);
    assert(milliseconds < MAX_MILLISECONDS, `It took ${Math.round(milliseconds)} ms.`);
  }),
  { numRuns: runs, seed, includeErrorInReport: true },
);
parentPort!.postMessage(result);
