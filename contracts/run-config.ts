import { stringify } from 'yaml';
import { type Overrides, parseConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { RunCheckpoint } from '../policy/run-checkpoint.ts';
import { unpinCustomRewards } from '../rewards/custom/custom-kinds.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import { progressAt, TO_START } from './read-progress.ts';

/**
 * A run's config with changes. Custom rewards and an embedding model are named without the hashes of their files, which
 * may be others by now.
 * @throws VideocapError `InvalidConfig` for changes that the config does not take.
 */
export function changedConfig(run: string, config: ExperimentConfig, overrides: Overrides): ExperimentConfig {
  return parseConfig(stringify({ ...config, reward: unpinned(config.reward) }), {
    file: `the config of run ${run}`,
    folder: '/',
    overrides,
  });
}

function unpinned(reward: RewardConfig): RewardConfig {
  const { embeddingModel, ...rest } = unpinCustomRewards(reward);
  return { ...rest, ...(embeddingModel && { embeddingModel: { folder: embeddingModel.folder } }) };
}

/**
 * The config of the run that a checkpoint is of, with changes, and the checkpoint that was found.
 * @throws VideocapError `InvalidInput` where there is no such run or checkpoint; `InvalidConfig`.
 */
export async function configOfRun(
  store: ArtifactStore,
  checkpoint: RunCheckpoint,
  overrides: Overrides,
): Promise<{ found: Required<RunCheckpoint>; config: ExperimentConfig }> {
  const { run, progress } = await progressAt(store, checkpoint, TO_START);
  return { found: { run, step: progress.step }, config: changedConfig(run, progress.config, overrides) };
}
