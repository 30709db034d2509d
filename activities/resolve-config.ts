import { loadConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { RunInput } from '../contracts/run-input.ts';

/** Turns a run's input into its whole, validated config: the first thing a run does, so that a wrong one ends it at once. */
export function createConfigActivities() {
  return {
    async resolveConfig(input: RunInput): Promise<{ config: ExperimentConfig }> {
      return { config: await loadConfig(input.config, input.overrides) };
    },
  };
}
