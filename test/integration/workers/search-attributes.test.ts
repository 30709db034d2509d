import { resolve } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import { ensureSearchAttributes, missingSearchAttributes } from '../../../workers/search-attributes.ts';
import { naming } from '../../refusal.ts';
import { FAST } from '../temporal-server.ts';

const NAMES = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);

const namespace = 'default';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  const executable = { type: 'existing-path', path: resolve('.venv/bin/temporal') } as const;
  environment = await TestWorkflowEnvironment.createLocal({ server: { executable, extraArgs: FAST } });
});
afterAll(() => environment?.teardown());

it('registers what is missing, from several workers at once, and then it can be searched by', async () => {
  const { connection } = environment;
  expect(await missingSearchAttributes(connection, namespace)).toEqual(NAMES);
  await Promise.all([1, 2, 3].map(() => ensureSearchAttributes(connection, namespace)));
  expect(await missingSearchAttributes(connection, namespace)).toEqual([]);
  await ensureSearchAttributes(connection, namespace);
  const { count } = await environment.client.workflow.count('VideocapPaused = true AND VideocapStep > 3');
  expect(count).toBe(0);
});

it('refuses a namespace that has one of them with another type, and names the command', async () => {
  const { connection } = environment;
  await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['VideocapStep'] });
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { VideocapStep: 2 } });
  await expect(ensureSearchAttributes(connection, namespace)).rejects.toMatchObject({
    code: 'InvalidConfig',
    message: naming('VideocapStep', 'default', 'INT', 'temporal operator search-attribute remove'),
  });
});
