import type { Client } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { VideocapError } from '../../core/errors.ts';

/** The revision whose workers take new work of a task queue; absent where its workers have no versions. */
export async function currentVersion(
  client: Client,
  taskQueue = 'videocap',
): Promise<WorkerDeploymentVersion | undefined> {
  const { namespace } = client.options;
  const queue = { namespace, taskQueue: { name: taskQueue }, taskQueueType: ACTIVITY_QUEUE };
  const { versioningInfo } = await client.workflowService.describeTaskQueue(queue);
  const { deploymentName, buildId } = versioningInfo?.currentDeploymentVersion ?? {};
  return deploymentName && buildId ? { deploymentName, buildId } : undefined;
}

/** Of Temporal's enumeration: every queue has activities, and only `videocap` workflows. */
const ACTIVITY_QUEUE = 2;

/**
 * What makes a new run stay with the present revision, its children too.
 * @throws VideocapError `InvalidInput` where workers have no versions.
 */
export async function pinnedToCurrent(client: Client): Promise<{ pinnedTo: WorkerDeploymentVersion }> {
  const version = await currentVersion(client);
  if (version) return { pinnedTo: version };
  throw new VideocapError(
    'InvalidInput',
    'No revision is current on task queue videocap, so a run cannot be pinned to one; leave --pin out, or start the ' +
      'workers with --deployment (docs/deploy.md, "Upgrades").',
  );
}
