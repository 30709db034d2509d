import type { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from '../workflows/run-scripted.ts';
import { scriptedStages } from '../workflows/scripted-stages.ts';
import { expectCosts } from './known-costs.ts';

/** Steps of two runs, whose difference is the cost of the steps between: with a benchmark after every second one. */
const [FEW, MANY] = [2, 6];
/** How many requests to MLflow the mirror makes depends on how fast it is: one takes all steps that are recorded. */
const MIRROR = 'mirrorRecords';
/** Clocks and measured seconds have more or fewer digits. */
const TOLERANCE = 0.02;
/** Scheduled, started and completed: of an activity, and of the task in which the workflow goes on after it. */
const EVENTS_EACH = 6;

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

it.each([
  ['a step of GRPO', {}],
  ['a step of GRPO that samples ahead', { 'algorithm.rolloutLag': 1 }],
])('%s schedules as many activities, with as many bytes, as it is known to', async (name, more) => {
  const [few, many] = [await historyOf(FEW, more), await historyOf(MANY, more)];
  const perStep = (value: (history: History) => number) => (value(many) - value(few)) / (MANY - FEW);
  const activities = perStep((history) => history.stages);
  // How many activities end in one task of the workflow is a matter of chance.
  expect(perStep(({ events }) => events)).toBeLessThanOrEqual(perStep((history) => history.all) * EVENTS_EACH);
  await expectCosts(`history: ${name}, activities`, { activities });
  await expectCosts(`history: ${name}, bytes`, { payloads: Math.round(perStep(({ bytes }) => bytes)) }, TOLERANCE);
});

interface History {
  events: number;
  /** Activities, without the mirror's and with them. */
  stages: number;
  all: number;
  /** Of all that the stages take and give. */
  bytes: number;
}

async function historyOf(steps: number, more: object): Promise<History> {
  const overrides = { 'algorithm.steps': steps, ...more };
  const stages = scriptedStages([]);
  return runScripted(environment, 'trainingRun', [{ overrides }], stages, async (handle) => {
    await handle.result();
    const { events } = await handle.fetchHistory();
    const all = events!.flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled ? [{ id: String(eventId), name: scheduled.activityType!.name!, taken: scheduled.input }] : [],
    );
    const stages = all.filter(({ name }) => name !== MIRROR);
    const ids = new Set(stages.map(({ id }) => id));
    const given = events!.flatMap(({ activityTaskCompletedEventAttributes: completed }) =>
      completed && ids.has(String(completed.scheduledEventId)) ? [completed.result] : [],
    );
    return {
      events: events!.length,
      stages: stages.length,
      all: all.length,
      bytes: [...stages.map(({ taken }) => taken), ...given].reduce((sum, payloads) => sum + bytesOf(payloads), 0),
    };
  });
}

function bytesOf(payloads: temporal.api.common.v1.IPayloads | null | undefined): number {
  return (payloads?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
}
