import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { forWorkers, newWorkflowId } from '../../../../cli/run/run-experiment.ts';

it('names runs by config and time', () => {
  const now = new Date('2026-11-24T12:05:09.250Z');
  expect(newWorkflowId('quickstart', now)).toMatch(/^quickstart-20261124-120509-[0-9a-f]{4}$/);
});

it('hands a path to the workers absolute, and a name as it is', () => {
  expect(forWorkers('quickstart')).toBe('quickstart');
  expect(forWorkers('lab/own.yaml')).toBe(resolve('lab/own.yaml'));
  expect(forWorkers('own.yaml')).toBe(resolve('own.yaml'));
});
