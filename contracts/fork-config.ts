import type { Overrides } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { VideocapError } from '../core/errors.ts';
import { changedConfig } from './run-config.ts';

/**
 * The config of a fork: its parent's, with changes.
 * @throws VideocapError `InvalidConfig` for changes that the config does not take, and for another start policy.
 */
export function forkConfig(parent: string, config: ExperimentConfig, overrides: Overrides): ExperimentConfig {
  const changed = changedConfig(parent, config, overrides);
  const { model } = changed.policy;
  if (model === config.policy.model) return changed;
  throw new VideocapError(
    'InvalidConfig',
    `policy.model: a fork continues with the policy of run ${parent}, and would not use ${model}; leave it out, or ` +
      `start a run from that model: videocap run CONFIG --set policy.model=${model}`,
  );
}
