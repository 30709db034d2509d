import type { Client, WorkflowExecutionDescription } from '@temporalio/client';

export type PendingRun = Pick<WorkflowExecutionDescription, 'workflowId' | 'raw'>;
type PendingActivity = NonNullable<PendingRun['raw']['pendingActivities']>[number];

/** Numbers of Temporal's enumerations. */
const SCHEDULED = 1;
const [START_TO_CLOSE, HEARTBEAT] = [1, 4];
const QUEUE_TYPES = { workflow: 1, activity: 2 };

/** What a fence says to an execution that is not the last of its run. */
const TAKEN_OVER = /^Nothing more is stored: another execution of run /;

/** Seconds of the shortest time-out of heartbeats that the project sets; a worker's death reaches that one, too. */
const HEARTBEAT_SECONDS = 12;

/** Activities of a run that wait for a change in Temporal: a sentence each, with the command that makes it. */
export async function waitingActivities(client: Client, run: PendingRun): Promise<string[]> {
  const sentences = await Promise.all(
    (run.raw.pendingActivities ?? []).map(async (activity) => {
      const hasWorker = activity.state !== SCHEDULED || (await isServed(client, queueOf(activity)));
      return waitingSentence(run.workflowId, activity, hasWorker);
    }),
  );
  return [...new Set(sentences.filter((sentence) => sentence !== undefined))];
}

/** Whether a worker asks for the activities of a task queue; taken for granted where Temporal does not answer. */
async function isServed(client: Client, name: string | undefined): Promise<boolean> {
  if (name === undefined) return true;
  return workersOf(client, name).then(
    (count) => count > 0,
    () => true,
  );
}

/** How many workers ask for the activities of a task queue. */
export function workersOf(client: Client, name: string): Promise<number> {
  return pollersOf(client, name, 'activity');
}

/** How many workers ask for the activities, or the workflows, of a task queue. */
export async function pollersOf(client: Client, name: string, kind: keyof typeof QUEUE_TYPES): Promise<number> {
  const queue = { namespace: client.options.namespace, taskQueue: { name }, taskQueueType: QUEUE_TYPES[kind] };
  return (await client.workflowService.describeTaskQueue(queue)).pollers?.length ?? 0;
}

/** What an activity waits for, if it waits for a change in Temporal. */
export function waitingSentence(run: string, activity: PendingActivity, hasWorker: boolean): string | undefined {
  const { paused, pauseInfo, lastFailure, attempt, activityId } = activity;
  const name = activity.activityType?.name;
  const target = `--workflow-id ${run} --activity-id ${activityId}`;
  const restore = `temporal activity update-options ${target} --restore-original-options`;
  if (paused) {
    const { identity, reason } = pauseInfo?.manual ?? {};
    const by = identity ? ` by ${identity}` : '';
    const why = reason ? ` (${reason})` : '';
    return (
      `Activity ${name} was paused in Temporal${by}${why}; unpause it there, or with: ` +
      `temporal activity unpause ${target}`
    );
  }
  if (TAKEN_OVER.test(lastFailure?.message ?? ''))
    return (
      'This execution of the run may store nothing, since a later one has, of which this Temporal server does not ' +
      `know. If its database is an older backup: temporal workflow terminate --workflow-id ${run}; then: ` +
      `videocap resume ${run}`
    );
  const queue = queueOf(activity);
  if (!hasWorker)
    return (
      `Activity ${name} waits for a worker on task queue ${queue}, and there is none: start one. If the queue was ` +
      `changed in Temporal: ${restore}`
    );
  if (/is not registered on this Worker/.test(lastFailure?.message ?? ''))
    return (
      `The workers on task queue ${queue} do not have activity ${name}. If the queue was changed in Temporal: ` +
      restore
    );
  const seconds = reachedSeconds(activity);
  if (seconds === undefined) return undefined;
  return (
    `Activity ${name} has reached its time-out of ${seconds} s and is tried again, attempt ${attempt}. If the ` +
    `time-out was changed in Temporal: ${restore}`
  );
}

/** The time-out that ended the attempt before, if it is one that a worker's death does not explain. */
function reachedSeconds({ lastFailure, activityOptions }: PendingActivity): number | undefined {
  const { startToCloseTimeout, heartbeatTimeout } = activityOptions ?? {};
  const kind = lastFailure?.timeoutFailureInfo?.timeoutType;
  const timeout = kind === START_TO_CLOSE ? startToCloseTimeout : kind === HEARTBEAT ? heartbeatTimeout : undefined;
  if (!timeout) return undefined;
  const seconds = Number(timeout.seconds ?? 0) + (timeout.nanos ?? 0) / 1e9;
  return kind === HEARTBEAT && seconds >= HEARTBEAT_SECONDS ? undefined : seconds;
}

function queueOf({ activityOptions }: PendingActivity): string | undefined {
  return activityOptions?.taskQueue?.name ?? undefined;
}
