import { dirname } from 'node:path';
import { readAllowed } from '../configs/allowed.ts';
import { requireAllowedConfig } from '../configs/allowed-configs.ts';
import { configHash, keptConfig } from '../configs/kept-configs.ts';
import { type ConfigText, configOf, isConfigPath, parseConfig, readConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { configOfRun } from '../contracts/run-config.ts';
import type { ResolveConfigInput, RunInput } from '../contracts/run-input.ts';
import { VideocapError } from '../core/errors.ts';
import { parseRunCheckpoint } from '../policy/run-checkpoint.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { noteStart } from './note-start.ts';
import { pinnedReward } from './pinned-reward.ts';

/**
 * Turns a run's input into its whole, validated config: the first thing a run does, so that a wrong one ends it at
 * once. A config `run:RUN@STEP` is the one that another run had.
 */
export function createConfigActivities(deps: Pick<ActivityDeps, 'store' | 'home' | 'env' | 'signal'>) {
  return {
    async resolveConfig({ runKey, ...input }: ResolveConfigInput): Promise<{ config: ExperimentConfig }> {
      const { overrides } = input;
      const checkpoint = parseRunCheckpoint(input.config);
      if (checkpoint) {
        const { config } = await configOfRun(deps.store, checkpoint, overrides);
        const base = async () => (await configOfRun(deps.store, checkpoint, {})).config;
        if (runKey !== undefined) await noteStart(deps.store, runKey, { ...input, base });
        return { config: { ...config, reward: await pinnedReward(deps, config.reward) } };
      }
      const text = await textOf(input, deps.home);
      const config = await configOf(text, overrides, deps.signal?.());
      if (runKey !== undefined) await noteStart(deps.store, runKey, { ...input, base: async () => named(text) });
      return { config: { ...config, reward: await pinnedReward(deps, config.reward) } };
    },
  };
}

/** A config without changes, and without a look at its data, which may be large. */
function named({ name, text }: ConfigText): ExperimentConfig {
  return parseConfig(text, { file: name, folder: dirname(name) });
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
