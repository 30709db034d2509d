import { readAllowed } from '../configs/allowed.ts';
import { requireAllowedConfig } from '../configs/allowed-configs.ts';
import { configHash, keptConfig } from '../configs/kept-configs.ts';
import { type ConfigText, configOf, isConfigPath, readConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { configOfRun } from '../contracts/run-config.ts';
import type { RunInput } from '../contracts/run-input.ts';
import { VideocapError } from '../core/errors.ts';
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
      const config = await configOf(await textOf(input, deps.home), input.overrides, deps.signal?.());
      return { config: { ...config, reward: await pinnedReward(deps, config.reward) } };
    },
  };
}

/** The config's text as the command has read it that started the run; else as it is now, if runs may open it. */
export async function textOf({ config: name, configHash: hash }: RunInput, home: string): Promise<ConfigText> {
  const kept = hash && (await keptConfig(home, name, hash));
  if (kept) return kept;
  if (isConfigPath(name)) {
    const { configs, path } = await readAllowed(home);
    await requireAllowedConfig(name, { home, folders: configs, allowedPath: path });
  }
  const now = await readConfig(name);
  if (hash === undefined || configHash(now) === hash) return now;
  throw new VideocapError(
    'InvalidConfig',
    `The config ${name} is not the one that the run was started with, whose text these workers do not have. Start ` +
      'the run again, or leave out configHash to use the config as it is now.',
  );
}
