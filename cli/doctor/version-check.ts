import type { Client } from '@temporalio/client';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import { VideocapError } from '../../core/errors.ts';
import { currentVersion } from '../run/current-version.ts';

/**
 * Whether a worker of this host would be given new work, as far as versions decide that.
 * @param own the revision of this host's worker; absent where it has none.
 * @param queues those that the host is to serve.
 * @throws VideocapError `Unavailable` with the command that changes it.
 */
export async function versionOf(
  client: Client,
  own: WorkerDeploymentVersion | undefined,
  queues: readonly string[],
): Promise<string> {
  const current = await Promise.all(
    queues.map(async (queue) => ({ queue, version: await currentVersion(client, queue) })),
  );
  if (!own) {
    const versioned = current.find(({ version }) => version !== undefined);
    if (!versioned) return 'workers have none: each is given any work';
    const { deploymentName, buildId } = versioned.version!;
    throw new VideocapError(
      'Unavailable',
      `New work on ${versioned.queue} goes to build ${buildId} of deployment ${deploymentName} alone; start this ` +
        `host's worker with: videocap worker --deployment ${deploymentName}`,
    );
  }
  const { deploymentName, buildId } = own;
  const other = current.find(
    ({ version }) => version?.deploymentName !== deploymentName || version?.buildId !== buildId,
  );
  if (!other) return `build ${buildId} of deployment ${deploymentName} is current`;
  const instead = other.version ? `build ${other.version.buildId} is current` : 'no build is current';
  throw new VideocapError(
    'Unavailable',
    `This host has build ${buildId} of deployment ${deploymentName}, which is given no new work on ${other.queue}, ` +
      `where ${instead}. Once its workers poll on every queue: temporal worker deployment set-current-version ` +
      `--deployment-name ${deploymentName} --build-id ${buildId}`,
  );
}
