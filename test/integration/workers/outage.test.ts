import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VideocapError } from '../../../core/errors.ts';
import { outage } from '../../../workers/current-attempt.ts';
import { startTemporal } from '../temporal-server.ts';
import { runOneActivity } from './run-one-activity.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

it('the wait for an answer continues over the attempts of an activity, as a real server tells them', async () => {
  const since: number[] = [];
  let answered = 0;
  const attempt = async () => {
    since.push(outage.since());
    const number = Context.current().info.attempt;
    if (number === 2) {
      outage.answered();
      answered = outage.since();
    }
    if (number < 5) throw new VideocapError('Unavailable', 'down');
    return since;
  };
  await runOneActivity(environment, attempt);
  const [first, ...others] = since;
  expect(first).toBeLessThan(answered);
  // The second has had no answer yet; the three after it know when the second had one.
  expect(others).toEqual([first, answered, answered, answered]);
});

it('the run gets one signal with what it waits for, and one when the wait is over', async () => {
  let workflowId = '';
  await runOneActivity(environment, async () => {
    const { info } = Context.current();
    workflowId = info.workflowExecution!.workflowId;
    if (info.attempt === 3) {
      outage.answered();
      // A real activity has more to ask; here the workflow must not end before it gets the signal.
      await new Promise((resolve) => setTimeout(resolve, 500));
      return [];
    }
    outage.failed?.(`reason ${info.attempt}`);
    throw new VideocapError('Unavailable', 'down');
  });
  const { events } = await environment.client.workflow.getHandle(workflowId).fetchHistory();
  const signals = events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    signal
      ? [[signal.signalName, JSON.parse(Buffer.from(signal.input!.payloads![0]!.data!).toString() || 'null')]]
      : [],
  );
  expect(signals).toEqual([
    ['judgeWaits', { why: 'reason 1', since: expect.any(Number) }],
    ['judgeWaits', null],
  ]);
});
