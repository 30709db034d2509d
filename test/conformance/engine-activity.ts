import { proxyActivities } from '@temporalio/workflow';

/** A workflow of one activity of a policy engine, as the training workflows call it. */
export async function engineActivity(taskQueue: string, name: string, input: unknown): Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: '5m',
    retry: { maximumAttempts: 1 },
  });
  return activities[name]!(input);
}
