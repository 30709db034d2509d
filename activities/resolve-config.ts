import { readAllowed } from '../configs/allowed.ts';
import { requireAllowedConfig } from '../configs/allowed-configs.ts';
import { isConfigPath, loadConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { configOfRun } from '../contracts/run-config.ts';
import type { RunInput } from '../contracts/run-input.ts';
import { parseRunCheckpoint } from '../policy/run-checkpoint.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { pinnedReward } from './pinned-reward.ts';

/**
 * Turns a run's input into its whole, validated config: the first thing a run does, so that a wrong one ends it at
 * once. A config `run:RUN@STEP` is the one that another run had.
 */
export function createConfigActivities(deps: Pick<ActivityDeps, 'store' | 'home' | 'env' | 'signal'>) {
  return {
    async resolveConfig(input: RunInput): Promise<{ config: ExperimentConfig }> {
      const checkpoint = parseRunCheckpoint(input.config);
      if (checkpoint) {
        const { config } = await configOfRun(deps.store, checkpoint, input.overrides);
        return { config: { ...config, reward: await pinnedReward(deps, config.reward) } };
      }
      if (isConfigPath(input.config)) {
        const { configs, path } = await readAllowed(deps.home);
        await requireAllowedConfig(input.config, { home: deps.home, folders: configs, allowedPath: path });
      }
      const config = await loadConfig(input.config, input.overrides, deps.signal?.());
      return { config: { ...config, reward: await pinnedReward(deps, config.reward) } };
    },
  };
}
