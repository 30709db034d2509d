import { join } from 'node:path';
import { progressAt, TO_START } from '../../contracts/read-progress.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { PolicyEngine, PolicyFiles } from '../../core/policy-engine.ts';
import { policyFiles } from '../../policy/engine-inputs.ts';
import { isBrokenRunCheckpoint, parseRunCheckpoint } from '../../policy/run-checkpoint.ts';
import { findInstallation } from '../installation.ts';
import { modelOf } from './arguments.ts';

/**
 * The files of a checkpoint as it is typed, for an engine in this process.
 * @throws VideocapError `InvalidModel`, or `InvalidInput` where the store of this installation has no such run or step.
 */
export async function openCheckpoint(typed: string, engine: PolicyEngine): Promise<PolicyFiles> {
  if (isBrokenRunCheckpoint(typed))
    throw new VideocapError('InvalidInput', `"${typed}" names no checkpoint; write run:KEY@STEP, or run:KEY.`);
  const checkpoint = parseRunCheckpoint(typed);
  if (!checkpoint) return engine.startPolicy(modelOf(typed));
  const store = new ArtifactStore(join(findInstallation().home, 'store'));
  const { progress } = await progressAt(store, checkpoint, TO_START);
  return policyFiles(store, progress.policy);
}
