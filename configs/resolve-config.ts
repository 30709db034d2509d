import type { RunInput } from '../workflows/run-input.ts';
import { loadConfig } from './load-config.ts';
import type { ExperimentConfig } from './schema.ts';

/** Turns a run's input into its whole, validated config: the first thing a run does, so that a wrong one ends it at once. */
export function createConfigActivities() {
  return {
    async resolveConfig(input: RunInput): Promise<{ config: ExperimentConfig }> {
      return { config: await loadConfig(input.config, input.overrides) };
    },
  };
}
