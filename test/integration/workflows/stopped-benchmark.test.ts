import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { naming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted, scriptedWorkers } from './run-scripted.ts';
import { scriptedStages } from './scripted-stages.ts';
import type { Stages } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const blocked = () => {
  throw ApplicationFailure.nonRetryable('The key is wrong: set another.', 'JudgeBlocked');
};
const stop = async (handle: WorkflowHandle) => {
  const stage = async () => (await handle.query<RunStatus>('status')).stage;
  await expect.poll(stage, { timeout: 30_000 }).toBe('paused: judge');
  await handle.signal('stop');
  return handle.result() as Promise<unknown>;
};
const play = (type: string, input: object, stages: Partial<Stages>) =>
  runScripted<unknown>(environment, type, [input], scriptedStages([], stages), stop);

it('a benchmark that a user stops while its judge is blocked ends in one sentence', async () => {
  await expect(play('benchmarkRun', {}, { scoreBenchmark: blocked })).rejects.toMatchObject({
    cause: { type: 'Stopped', message: naming('A user stopped', 'the benchmark', 'The key is wrong: set another.') },
  });
});

it('a benchmark that a user stops before a worker has begun it ends in one sentence', async () => {
  const { taskQueue } = await scriptedWorkers(environment);
  const run = { taskQueue, workflowId: 'stopped-at-once', args: [{}] };
  const handle = await environment.client.workflow.signalWithStart('benchmarkRun', { ...run, signal: 'stop' });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Stopped' } });
});

it('an annotation that a user stops while its judge is blocked writes the batches that are done', async () => {
  let written: number | undefined;
  const stages: Partial<Stages> = {
    annotateBatch: (input) => (input.batch > 1 ? blocked() : scriptedStages([]).annotateBatch(input)),
    writeAnnotations: (input) => {
      written = input.batches;
      return scriptedStages([]).writeAnnotations(input);
    },
  };
  const input = { dataset: '/a.jsonl', output: '/b.jsonl', overrides: { 'judge.kind': 'llm' } };
  expect(await play('datasetAnnotation', input, stages)).toMatchObject({ output: '/annotated.jsonl' });
  expect(written).toBe(1);
});
