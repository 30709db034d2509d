import type { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, type CallLog, ref, scriptedStages } from './scripted-stages.ts';

/** Enough for a run to continue as new twice. `LONG_RUN_STEPS=10000` takes forty minutes. */
const STEPS = Number(process.env.LONG_RUN_STEPS ?? 180);

/** Temporal's own limits: it warns of a history from the first on, and ends a workflow that reaches the second. */
const EVENTS = { warn: 10_240, error: 51_200 };
const BYTES = { warn: 10 * 2 ** 20, error: 50 * 2 ** 20 };
/** Of one payload; an error is at 2 MB. */
const PAYLOAD_WARN = 256 * 2 ** 10;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

interface Execution {
  events: number;
  bytes: number;
  largestPayload: number;
  continuedAs?: string;
}

async function executionOf(workflowId: string, runId: string): Promise<Execution> {
  const handle = environment.client.workflow.getHandle(workflowId, runId);
  const [{ historyLength, historySize }, { events }] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const last = events!.at(-1)!.workflowExecutionContinuedAsNewEventAttributes;
  return {
    events: historyLength,
    bytes: historySize ?? 0,
    largestPayload: Math.max(...events!.map(payloadBytes)),
    ...(last?.newExecutionRunId && { continuedAs: last.newExecutionRunId }),
  };
}

/** Of what an event carries in or out: all of it in the first event, each activity's, what it hands on. */
function payloadBytes(event: temporal.api.history.v1.IHistoryEvent): number {
  const { input } =
    event.workflowExecutionStartedEventAttributes ??
    event.activityTaskScheduledEventAttributes ??
    event.workflowExecutionContinuedAsNewEventAttributes ??
    {};
  const { result } =
    event.activityTaskCompletedEventAttributes ?? event.workflowExecutionCompletedEventAttributes ?? {};
  return [...(input?.payloads ?? []), ...(result?.payloads ?? [])].reduce(
    (sum, { data }) => sum + (data?.length ?? 0),
    0,
  );
}

/** As many numbers as real stages give. */
const numbers = (prefix: string, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, Math.sqrt(i + 2)]));

it(`${STEPS} steps stay far below Temporal's limits, and no payload grows with the run`, async () => {
  const calls: CallLog = [];
  const activities = scriptedStages(calls, {
    scoreBenchmark: () =>
      benchmarked({
        metrics: { eventF1: 50, actionF1: 60, objectF1: 70, ...numbers('benchmarkMetric', 30) },
        details: ref(`runs/long/${'d'.repeat(60)}`),
      }),
  });
  const input = [{ overrides: { 'algorithm.steps': STEPS } }];
  const executions: Execution[] = [];
  const summary = await runScripted(environment, 'trainingRun', input, activities, async (handle) => {
    const result = (await handle.result()) as RunSummary;
    for (let runId: string | undefined = handle.firstExecutionRunId; runId; runId = executions.at(-1)!.continuedAs)
      executions.push(await executionOf(handle.workflowId, runId));
    return result;
  });
  expect(summary.steps).toBe(STEPS);
  expect(calls.filter(([name]) => name === 'updatePolicy').map(([, step]) => step)).toEqual(
    Array.from({ length: STEPS }, (_, i) => i + 1),
  );

  const largest = (name: 'events' | 'bytes' | 'largestPayload') => Math.max(...executions.map((each) => each[name]));
  console.log(
    `${STEPS} steps: ${executions.length} executions, at most ${largest('events')} events and ${largest('bytes')} ` +
      `bytes; largest payload ${largest('largestPayload')} bytes`,
  );
  expect(executions.length).toBeGreaterThan(2);
  expect(largest('events')).toBeLessThan(EVENTS.warn);
  expect(largest('bytes')).toBeLessThan(BYTES.warn);
  expect(largest('largestPayload')).toBeLessThan(PAYLOAD_WARN);
}, 3_600_000);
