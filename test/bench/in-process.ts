import type { temporal } from '@temporalio/proto';
import { createComparisonActivities } from '../../activities/compare-completions.ts';
import { createFramesActivities } from '../../activities/frames.ts';
import { createJudgeActivities } from '../../activities/judge-completions.ts';
import { createRecordActivities } from '../../activities/record.ts';
import { createRolloutActivities } from '../../activities/rollout.ts';
import { createScoreActivities } from '../../activities/score-completions.ts';
import { createUpdateActivities } from '../../activities/update.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { PolicyEngine } from '../../core/policy-engine.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
type Activity = (input: never) => Promise<unknown>;

/** A call of a stage as a run's history has it. */
interface StageCall {
  name: string;
  input: { runKey?: string; step?: number };
  /** Of the workflow's task that asked for it: calls of one task run side by side. */
  task: string;
  /** Milliseconds since the epoch, by the server's clock. */
  at: number;
}

/** The steps of a run, from the first step's first call to the last step's first call. */
export interface PlayedSteps {
  groups: StageCall[][];
  /** Seconds that they took in the run. */
  seconds: number;
  steps: number;
}

/** Stages of steps `from` to `to - 1`, as the history of a run has them; the mirror of MLflow is no stage. */
export function stepsIn(events: readonly Event[], from: number, to: number): PlayedSteps {
  const calls = events.flatMap(callIn).filter(({ name }) => name !== 'mirrorRecords');
  const begins = (step: number) => calls.findIndex((call) => call.name === 'rolloutGroups' && call.input.step === step);
  const [first, end] = [begins(from), begins(to)];
  if (first < 0 || end < 0) throw new Error(`The history has no steps ${from} and ${to}.`);
  const groups = new Map<string, StageCall[]>();
  for (const call of calls.slice(first, end)) groups.set(call.task, [...(groups.get(call.task) ?? []), call]);
  return { groups: [...groups.values()], seconds: (calls[end]!.at - calls[first]!.at) / 1000, steps: to - from };
}

/** Calls the same stages in this process, in the same order, under a run's key of their own. @returns seconds. */
export async function playInProcess(
  { groups }: PlayedSteps,
  runKey: string,
  deps: { store: ArtifactStore; engine: PolicyEngine; home: string },
): Promise<number> {
  const stages: Record<string, Activity> = {
    ...createFramesActivities(deps),
    ...createRolloutActivities(deps),
    ...createScoreActivities(deps),
    ...createJudgeActivities(deps),
    ...createComparisonActivities(deps),
    ...createUpdateActivities(deps),
    ...createRecordActivities(deps),
  };
  const begun = performance.now();
  for (const calls of groups)
    await Promise.all(
      calls.map(({ name, input }) => stages[name]!({ ...input, ...(input.runKey && { runKey }) } as never)),
    );
  return (performance.now() - begun) / 1000;
}

function callIn({ eventTime, activityTaskScheduledEventAttributes: scheduled }: Event): StageCall[] {
  const data = scheduled?.input?.payloads?.[0]?.data;
  if (!data) return [];
  return [
    {
      name: scheduled.activityType!.name!,
      input: JSON.parse(Buffer.from(data).toString('utf8')),
      task: String(scheduled.workflowTaskCompletedEventId),
      at: Number(eventTime!.seconds) * 1000 + (eventTime!.nanos ?? 0) / 1e6,
    },
  ];
}
