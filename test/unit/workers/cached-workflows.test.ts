import { expect, test } from 'vitest';
import { cachedWorkflows } from '../../../workers/cached-workflows.ts';

const MB = 2 ** 20;

test('cached executions fit into the heap, and there is a place for each task that is made at once', () => {
  expect(cachedWorkflows(4144 * MB)).toBe(986);
  expect(cachedWorkflows(1000 * MB)).toBe(200);
  expect(cachedWorkflows(100 * MB)).toBe(40);
});
