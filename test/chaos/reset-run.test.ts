import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { naming } from '../refusal.ts';
import { madeTwice, type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { type Chaos, ChaosWorld, type Played } from './matrix/world.ts';

const STEPS = 4;
const statusOf = (handle: WorkflowHandle) => handle.query<RunStatus>('status').catch(() => undefined);

let world: ChaosWorld;
let played: Played;
let calm: Outcome;
let told: Played;
let ended: WorkflowHandle;
beforeAll(async () => {
  // Each run continues as new on its way.
  world = await ChaosWorld.start({
    serverArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=100'],
  });
  played = await world.play('ended', experiment(), {
    disturb: async ({ run }) => {
      ended = run;
    },
  });
  calm = await outcomeOf(played);
}, 300_000);
afterAll(() => world?.stop());

/** The checkpoints of its first two steps are removed. */
function experiment() {
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  return { config, overrides: { ...overrides, 'algorithm.steps': STEPS, 'algorithm.iterations': 1 } };
}

/** A user pauses the run before its first step, lets it go on, and stops it in its third. */
async function tell({ run }: Chaos): Promise<void> {
  await run.signal('pause');
  await until(async () => (await statusOf(run))?.stage === 'paused');
  await run.signal('resume');
  // Whichever execution it has come to.
  const now = ended.client.getHandle('told');
  await until(async () => (await statusOf(now))?.step === 2);
  await now.signal('stop');
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50);
}

type Event = temporal.api.history.v1.IHistoryEvent;
/** An event to which an execution of a run can be reset. */
interface ResetPoint {
  runId: string;
  eventId: NonNullable<Event['eventId']>;
}

/** The executions of a run before any reset, of which each but the last has continued as new, with their events. */
async function executions(run: string): Promise<{ runId: string; events: Event[] }[]> {
  const chain = [];
  const { raw } = await ended.client.getHandle(run).describe();
  for (let runId = raw.workflowExecutionInfo!.firstRunId; runId; ) {
    const { events } = await ended.client.getHandle(run, runId).fetchHistory();
    chain.push({ runId, events: events! });
    runId = events!.at(-1)!.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return chain;
}

/** The workflow task that asked for the n-th call of an activity. */
async function taskBefore(run: string, activity: string, call: number): Promise<ResetPoint> {
  const calls = (await executions(run)).flatMap(({ runId, events }) =>
    events
      .map((event) => event.activityTaskScheduledEventAttributes)
      .filter((scheduled) => scheduled?.activityType?.name === activity)
      .map((scheduled) => ({ runId, eventId: scheduled!.workflowTaskCompletedEventId! })),
  );
  return calls[call - 1]!;
}

/** The first workflow task of a run; with `signal`, the first that has met it. */
async function firstTask(run: string, signal?: string): Promise<ResetPoint> {
  const [{ runId, events }] = (await executions(run)) as [{ runId: string; events: Event[] }];
  const from = events.findIndex((event) => event.workflowExecutionSignaledEventAttributes?.signalName === signal);
  const task = events.find((event, i) => i > from && event.workflowTaskCompletedEventAttributes);
  return { runId, eventId: task!.eventId! };
}

/** Numbers of Temporal's enumeration: whether signals after the event are applied again. */
const REAPPLY = { signals: 1, nothing: 2 } as const;

async function reset(run: string, { runId, eventId }: ResetPoint, reapply: keyof typeof REAPPLY = 'signals') {
  const target = { namespace: 'default', workflowExecution: { workflowId: run, runId } };
  const made = await ended.client.workflowService.resetWorkflowExecution({
    ...{ ...target, requestId: randomUUID(), reason: 'a test', workflowTaskFinishEventId: eventId },
    resetReapplyType: REAPPLY[reapply],
  });
  return ended.client.getHandle(run, made.runId!);
}

const resultOf = (handle: WorkflowHandle) => handle.result() as Promise<RunSummary>;

/** What is left of a run after another execution has ended so. */
async function leftBy(run: Played, summary: RunSummary): Promise<Played> {
  const journal = (await readFile(join(run.home, 'made.log'), 'utf8')).trimEnd().split('\n');
  return { ...run, summary, journal, answered: new Map(world.judge.answered), points: await world.pointsOf(summary) };
}

function withoutBenchmark(metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !name.startsWith('eval/')));
}

/** The words of the report that an execution gives. */
async function reportOf({ home }: Played, { report }: RunSummary): Promise<string> {
  return (await new ArtifactStore(join(home, 'store')).read(report)).toString();
}

describe('a run that has ended, and is reset', () => {
  it('has continued as new', async () => {
    expect((await executions('ended')).length).toBeGreaterThan(1);
  });

  it.each([
    ['to its first workflow task', undefined, 1],
    ['to its first step', 'updatePolicy', 1],
    ['to its third step', 'updatePolicy', 3],
    ['to its last benchmark', 'scoreBenchmark', 2],
    ['to its report', 'writeReport', 1],
  ] as const)(
    '%s, in whichever execution that was, ends with the same result, and pays and makes nothing again',
    async (_, activity, call) => {
      const point = activity ? await taskBefore('ended', activity, call) : await firstTask('ended');
      const answered = new Map(world.judge.answered);
      const summary = await resultOf(await reset('ended', point));
      expect(summary).toEqual(played.summary);
      const again = await leftBy(played, summary);
      expect(again.answered).toEqual(answered);
      expect(await outcomeOf({ ...again, answered: played.answered })).toEqual(calm);
      expect(madeTwice(again)).toEqual([]);
    },
    120_000,
  );
});

describe('a run that a user has paused, resumed and stopped, and that is reset', () => {
  beforeAll(async () => {
    told = await world.play('told', experiment(), { disturb: tell });
  }, 120_000);

  it('was stopped on its way', () => {
    expect(told.summary).toMatchObject({ steps: expect.toSatisfy((steps) => steps > 1 && steps < STEPS) });
  });

  it('to its first workflow task, with its signals, ends at once as stopped, with the start policy', async () => {
    const summary = await resultOf(await reset('told', await firstTask('told')));
    expect(summary).toMatchObject({ steps: 0, end: { how: 'stopped', step: 0 }, trained: { step: 0 } });
    expect(summary.policy.weights).toEqual(told.summary.base.policy.weights);
    expect(await reportOf(told, summary)).toContain('Stopped by a user after step 0 of 4');
    expect(await reportOf(told, told.summary)).toContain(`Stopped by a user after step ${told.summary.steps} of 4`);
  }, 120_000);

  it('to its last step, with its signals, ends as before', async () => {
    const { steps } = told.summary;
    const summary = await resultOf(await reset('told', await taskBefore('told', 'updatePolicy', steps)));
    expect(summary).toEqual(told.summary);
    expect(madeTwice(await leftBy(told, summary))).toEqual([]);
  }, 120_000);

  it('to where it was paused, without the signals after, waits, and ends with the undisturbed weights', async () => {
    const handle = await reset('told', await firstTask('told', 'pause'), 'nothing');
    await expect.poll(() => statusOf(handle), { timeout: 60_000 }).toMatchObject({ stage: 'paused', step: 0 });
    await handle.signal('resume');
    const summary = await resultOf(handle);
    const { weights, optimizer, series } = await outcomeOf(await leftBy(told, summary));
    expect([weights, optimizer]).toEqual([calm.weights, calm.optimizer]);
    // The step that was the last before the reset was measured, too.
    expect(series.map(withoutBenchmark)).toEqual(calm.series.map(withoutBenchmark));
    expect(summary).toMatchObject({ steps: STEPS, end: { how: 'finished' } });
    expect(await reportOf(told, summary)).not.toContain('Stopped by a user');
  }, 120_000);

  it('to a step whose checkpoint is gone, with its signals, fails in one sentence, and resume goes on', async () => {
    // Four steps are made by now: the checkpoint of the second is gone, and was not measured.
    const handle = await reset('told', await taskBefore('told', 'updatePolicy', 2));
    const failure = { message: naming('step-000002', 'gone', 'videocap resume') };
    await expect(handle.result()).rejects.toMatchObject({ cause: failure });
    const { runKey } = told.summary;
    const again = await ended.client.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: 'told', args: [{ resume: { run: runKey } }] },
    });
    expect((await resultOf(again)).policy.weights.sha256).toBe(calm.weights);
  }, 120_000);
});
