import type { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;

/** What histories say of how long things took, in milliseconds, and how much they hold. */
export interface HistoryFigures {
  events: number;
  activities: number;
  steps: number;
  /** Attempts of activities that were not the first: none, unless something gave way. */
  repeated: number;
  /** From the moment that the server put a task into its queue until a worker had it. */
  workflowTaskWaits: number[];
  activityWaits: number[];
  /** From a task's arrival at a worker to its result. */
  workflowTasks: number[];
  /** From the end of one update to that of the next. */
  stepTimes: number[];
}

/** Of one execution, by the server's own clock. */
export function historyFigures(events: readonly Event[]): HistoryFigures {
  const at = new Map(events.map((event) => [Number(event.eventId), event]));
  const since = (event: Event, id: unknown) => millisecondsOf(event) - millisecondsOf(at.get(Number(id))!);
  const found: HistoryFigures = {
    ...{ events: events.length, activities: 0, steps: 0, repeated: 0 },
    ...{ workflowTaskWaits: [], activityWaits: [], workflowTasks: [], stepTimes: [] },
  };
  let updated: Event | undefined;
  for (const event of events) {
    const { workflowTaskStartedEventAttributes: task, workflowTaskCompletedEventAttributes: done } = event;
    if (task) found.workflowTaskWaits.push(since(event, task.scheduledEventId));
    if (done) found.workflowTasks.push(since(event, done.startedEventId));
    const { activityTaskStartedEventAttributes: begun, activityTaskCompletedEventAttributes: ended } = event;
    if (begun) {
      found.activityWaits.push(since(event, begun.scheduledEventId));
      found.repeated += Math.max(0, (begun.attempt ?? 1) - 1);
    }
    if (!ended) continue;
    found.activities += 1;
    const scheduled = at.get(Number(ended.scheduledEventId))!.activityTaskScheduledEventAttributes!;
    if (scheduled.activityType!.name !== 'updatePolicy') continue;
    found.steps += 1;
    if (updated) found.stepTimes.push(millisecondsOf(event) - millisecondsOf(updated));
    updated = event;
  }
  return found;
}

/** Those of several executions as one. */
export function joined(all: readonly HistoryFigures[]): HistoryFigures {
  const total = (name: 'events' | 'activities' | 'steps' | 'repeated') => all.reduce((sum, one) => sum + one[name], 0);
  return {
    ...{ events: total('events'), activities: total('activities'), steps: total('steps'), repeated: total('repeated') },
    workflowTaskWaits: all.flatMap((one) => one.workflowTaskWaits),
    activityWaits: all.flatMap((one) => one.activityWaits),
    workflowTasks: all.flatMap((one) => one.workflowTasks),
    stepTimes: all.flatMap((one) => one.stepTimes),
  };
}

/** The smallest number that at least a share, in (0, 1], of all numbers do not exceed. NaN for no numbers. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function millisecondsOf({ eventTime }: Event): number {
  return 1000 * Number(eventTime!.seconds ?? 0) + (eventTime!.nanos ?? 0) / 1e6;
}
