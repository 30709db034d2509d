import type { WorkflowExecutionDescription } from '@temporalio/client';

/** Activities of a run that a user has paused in Temporal, a sentence each with what continues it. */
export function pausedActivities({
  workflowId,
  raw,
}: Pick<WorkflowExecutionDescription, 'workflowId' | 'raw'>): string[] {
  return (raw.pendingActivities ?? [])
    .filter(({ paused }) => paused)
    .map(({ activityType, activityId, pauseInfo }) => {
      const { identity, reason } = pauseInfo?.manual ?? {};
      const by = identity ? ` by ${identity}` : '';
      const why = reason ? ` (${reason})` : '';
      return (
        `Activity ${activityType?.name} was paused in Temporal${by}${why}; unpause it there, or with: ` +
        `temporal activity unpause --workflow-id ${workflowId} --activity-id ${activityId}`
      );
    });
}
