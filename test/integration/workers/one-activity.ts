import { proxyActivities } from '@temporalio/workflow';

const { attempt } = proxyActivities<{ attempt(): Promise<number[]> }>({
  startToCloseTimeout: '1m',
  retry: { initialInterval: '100ms', backoffCoefficient: 1 },
});

/** A workflow of one activity, tried until it succeeds. */
export async function oneActivity(): Promise<number[]> {
  return attempt();
}
