import { policyFiles } from '../../activities/policy-files.ts';
import { progressAt, TO_START } from '../../contracts/read-progress.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage } from '../../core/open-storage.ts';
import type { PolicyEngine, PolicyFiles } from '../../core/policy-engine.ts';
import { parseRunCheckpoint } from '../../policy/run-checkpoint.ts';
import { findInstallation } from '../installation.ts';
import { modelOf } from './arguments.ts';

/**
 * The files of a checkpoint as it is typed, for an engine in this process.
 * @throws VideocapError `InvalidModel`, or `InvalidInput` where the store of this installation has no such run or step.
 */
export async function openCheckpoint(typed: string, engine: PolicyEngine): Promise<PolicyFiles> {
  const checkpoint = parseRunCheckpoint(typed);
  if (!checkpoint) return engine.startPolicy(modelOf(typed));
  const store = new ArtifactStore(await openStorage(findInstallation().home));
  const { progress } = await progressAt(store, checkpoint, TO_START);
  return policyFiles({ store, engine }, progress.policy);
}
