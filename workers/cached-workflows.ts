import { getHeapStatistics } from 'node:v8';

/**
 * Memory that an execution keeps while its state is cached. Each has modules of its own: schemas of the contracts take
 * 2.6 MB (`test/integration/workers/cached-workflows.test.ts` measures it), and the state of a long run some more.
 */
export const BYTES_PER_WORKFLOW = 4 * 2 ** 20;
/** For the SDK, activities and what they store. */
const OTHER_BYTES = 200 * 2 ** 20;
/** Workflow tasks that a worker makes at once, which need as many places. */
const FEWEST = 40;

/**
 * How many executions a worker keeps in memory; another one is replayed from its history when it goes on. The SDK's
 * own number supposes 1.7 MB for each, with which a worker of a thousand runs would exceed the heap and end.
 */
export function cachedWorkflows(heapBytes: number = getHeapStatistics().heap_size_limit): number {
  return Math.max(FEWEST, Math.floor((heapBytes - OTHER_BYTES) / BYTES_PER_WORKFLOW));
}
