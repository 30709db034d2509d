import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { WorkerDeploymentVersion } from '@temporalio/common';

const temporal = promisify(execFile);
const PATIENCE = 60_000;

/** The command of `docs/deploy.md`, again until the server knows the workers of the version. */
export async function makeCurrent(
  address: string,
  { deploymentName, buildId }: WorkerDeploymentVersion,
): Promise<void> {
  const args = ['worker', 'deployment', 'set-current-version', '--address', address, '--yes'];
  const version = ['--deployment-name', deploymentName, '--build-id', buildId];
  for (const deadline = Date.now() + PATIENCE; ; await sleep(500))
    try {
      await temporal('.venv/bin/temporal', [...args, ...version]);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
}
