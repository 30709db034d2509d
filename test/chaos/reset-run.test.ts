import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import { madeTwice, type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld, type Played } from './matrix/world.ts';

let world: ChaosWorld;
let played: Played;
let calm: Outcome;
let run: WorkflowHandle;
beforeAll(async () => {
  world = await ChaosWorld.start();
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  // The checkpoints of the first two steps are removed.
  const experiment = { config, overrides: { ...overrides, 'algorithm.steps': 4, 'algorithm.iterations': 1 } };
  played = await world.play('ended', experiment, {
    disturb: async (chaos) => {
      run = chaos.run;
    },
  });
  calm = await outcomeOf(played);
}, 300_000);
afterAll(() => world?.stop());

/** The workflow task that asked for the n-th call of an activity; of none: the first task. */
async function taskBefore(activity?: string, call = 1) {
  const { events } = await run.client.getHandle('ended', await firstRunId()).fetchHistory();
  if (activity === undefined) return events!.find((event) => event.workflowTaskCompletedEventAttributes)!.eventId!;
  const calls = events!
    .map((event) => event.activityTaskScheduledEventAttributes)
    .filter((scheduled) => scheduled?.activityType?.name === activity);
  return calls[call - 1]!.workflowTaskCompletedEventId!;
}

async function firstRunId(): Promise<string> {
  return (await run.client.getHandle('ended').describe()).raw.workflowExecutionInfo!.firstRunId!;
}

/** Resets the ended run there, and waits for its end. */
async function reset(workflowTaskFinishEventId: Awaited<ReturnType<typeof taskBefore>>): Promise<RunSummary> {
  const { runId } = await run.client.workflowService.resetWorkflowExecution({
    ...{ namespace: 'default', workflowExecution: { workflowId: 'ended', runId: await firstRunId() } },
    ...{ requestId: randomUUID(), reason: 'a test', workflowTaskFinishEventId },
  });
  return run.client.getHandle('ended', runId!).result() as Promise<RunSummary>;
}

describe('a run that has ended, and is reset', () => {
  it.each([
    ['to its first workflow task', undefined, 1],
    ['to its first step', 'updatePolicy', 1],
    ['to its third step', 'updatePolicy', 3],
    ['to its last benchmark', 'scoreBenchmark', 2],
    ['to its report', 'writeReport', 1],
  ] as const)(
    '%s ends with the same result, and pays and makes nothing again',
    async (_, activity, call) => {
      const summary = await reset(await taskBefore(activity, call));
      expect(summary).toEqual(played.summary);
      const journal = (await readFile(join(played.home, 'made.log'), 'utf8')).trimEnd().split('\n');
      const answered = new Map(world.judge.answered);
      const again = { ...played, summary, journal, answered, points: await world.pointsOf(summary) };
      expect(await outcomeOf(again)).toEqual(calm);
      expect(madeTwice(again)).toEqual([]);
      expect(answered).toEqual(played.answered);
    },
    120_000,
  );
});
