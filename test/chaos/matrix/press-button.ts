import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Button } from './cells.ts';

/** An activity beats every two seconds; by then it knows. */
const KNOWN_MILLISECONDS = 3000;

/** What a user does in the Temporal UI while an activity works. Done when the activity must know of it. */
export async function pressButton(client: Client, workflowId: string, button: Button, activity: string) {
  const run = client.workflow.getHandle(workflowId);
  const { namespace } = client.options;
  const execution = { workflowId };
  const service = client.workflowService;
  if (button === 'run reset') {
    const { runId } = await run.describe();
    await service.resetWorkflowExecution({
      ...{ namespace, workflowExecution: { workflowId, runId }, requestId: randomUUID(), reason: 'a test' },
      workflowTaskFinishEventId: await firstTask(client, workflowId),
    });
    return sleep(KNOWN_MILLISECONDS);
  }
  const { raw } = await run.describe();
  const pending = raw.pendingActivities?.find(({ activityType }) => activityType?.name === activity);
  if (!pending?.activityId) throw new Error(`No ${activity} is at work.`);
  const target = { namespace, execution, id: pending.activityId };
  if (button === 'activity reset') await service.resetActivity(target);
  else {
    await service.pauseActivity({ ...target, identity: 'a test', reason: 'to look' });
    // Once its attempt has ended. One that was nearly done may have completed all the same.
    void sleep(2 * KNOWN_MILLISECONDS)
      .then(() => service.unpauseActivity(target))
      .catch(() => undefined);
  }
  return sleep(KNOWN_MILLISECONDS);
}

/** The event at which the run's first workflow task was completed. */
async function firstTask(client: Client, workflowId: string) {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return events!.find((event) => event.workflowTaskCompletedEventAttributes)!.eventId!;
}
