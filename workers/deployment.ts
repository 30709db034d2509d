import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerDeploymentVersion } from '@temporalio/common';
import type { WorkerOptions } from '@temporalio/worker';
import { VideocapError } from '../core/errors.ts';
import { CHECKOUT, digestOf, SOURCES } from './workflow-bundle.ts';

/** The deployment that a worker belongs to. */
export interface DeploymentSettings {
  name: string;
  /** Default: that of this checkout. */
  buildId: string | undefined;
}

/**
 * Reads the variables by which Temporal's controller for Kubernetes names a worker's deployment and revision. Without
 * `TEMPORAL_DEPLOYMENT_NAME`, workers have no versions: each may be given any work.
 * @throws VideocapError `InvalidConfig`.
 */
export function deploymentSettings(env: NodeJS.ProcessEnv): DeploymentSettings | undefined {
  const name = env.TEMPORAL_DEPLOYMENT_NAME || undefined;
  const buildId = env.TEMPORAL_WORKER_BUILD_ID || undefined;
  if (name === undefined) return undefined;
  requireName('TEMPORAL_DEPLOYMENT_NAME', name, /^[A-Za-z0-9_-]{1,100}$/, 'videocap; letters, digits, "-" and "_"');
  if (buildId !== undefined)
    requireName('TEMPORAL_WORKER_BUILD_ID', buildId, /^[A-Za-z0-9._-]{1,100}$/, '1.4.0; letters, digits, ".-_"');
  return { name, buildId };
}

function requireName(variable: string, text: string, allowed: RegExp, example: string): void {
  if (!allowed.test(text))
    throw new VideocapError('InvalidConfig', `${variable} is "${text}"; set it to a name such as ${example}.`);
}

/** The revision that a worker of this checkout is. */
export async function ownVersion({ name, buildId }: DeploymentSettings): Promise<WorkerDeploymentVersion> {
  return { deploymentName: name, buildId: buildId ?? (await ownBuildId()) };
}

/** What a worker does, and not its workflows alone: code in both languages, what is installed, shipped configs. */
const CODE = /\.(?:ts|js|mjs|py|lock|yaml)$/;
const DIGITS = 12;

/** The project's version and a digest of its code: the same on every host that has the same revision. */
export async function ownBuildId(checkout = CHECKOUT): Promise<string> {
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as { version: string };
  return `${version}-${(await digestOf(checkout, SOURCES, CODE)).slice(0, DIGITS)}`;
}

/**
 * A run moves to the current revision with its next task: each revision replays the histories of those before. A run
 * that a user has pinned stays with its own.
 */
export function versioned(
  version: WorkerDeploymentVersion | undefined,
): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (!version) return {};
  return {
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  };
}
