import { readAllowed } from '../configs/allowed.ts';
import { requireAllowedConfig } from '../configs/allowed-configs.ts';
import { isConfigPath, loadConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { pinnedReward } from './custom-rewards.ts';

/**
 * Turns a run's input into its whole, validated config: the first thing a run does, so that a wrong one ends it at
 * once.
 */
export function createConfigActivities(deps: Pick<ActivityDeps, 'home' | 'env' | 'signal'>) {
  return {
    async resolveConfig(input: RunInput): Promise<{ config: ExperimentConfig }> {
      if (isConfigPath(input.config)) {
        const { configs, path } = await readAllowed(deps.home);
        await requireAllowedConfig(input.config, { home: deps.home, folders: configs, allowedPath: path });
      }
      const config = await loadConfig(input.config, input.overrides, deps.signal?.());
      return { config: { ...config, reward: await pinnedReward(deps, config.reward) } };
    },
  };
}
