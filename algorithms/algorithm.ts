import type { z } from 'zod';
import type { NumberGrid } from '../core/grid.ts';
import type { OptimizerConfig } from './optimizer-config.ts';

/** What every algorithm's config section has. */
export interface AlgorithmSection {
  kind: string;
  /** Optimiser steps of a run. */
  steps: number;
  samplesPerStep: number;
  optimizer: OptimizerConfig;
  /** See `RefreshReferenceEvery`; an algorithm whose loss compares with no reference policy has no such field. */
  refreshReferenceEvery?: number | undefined;
}

/**
 * How a policy learns, as pure functions of a step's rewards. `Config` is the algorithm's own section of the
 * experiment file, `algorithm: { kind: grpo, ... }`.
 */
export type Algorithm<Config extends AlgorithmSection = AlgorithmSection> =
  | CompletionAlgorithm<Config>
  | ReferenceAlgorithm<Config>;

interface Common<Config> {
  readonly config: z.ZodType<Config>;
  /** Name of the loss that the engine minimises: `workers/torch/videocap_torch/losses/<loss>.py`. */
  readonly loss: string;
}

/** Learns from completions that the policy sampled, by their rewards. */
export interface CompletionAlgorithm<Config extends AlgorithmSection = AlgorithmSection> extends Common<Config> {
  readonly learnsFrom: 'completions';
  /**
   * @param rewards of all completions of the step; `null`: a completion that could not be scored.
   * @returns the advantages, laid out like the rewards; `null`: this completion stays out of the update.
   */
  advantages(rewards: NumberGrid, config: Config): NumberGrid;
  /**
   * Whether the step should sample another round before the update, given the rewards of all its rounds so far. An
   * algorithm without this function takes one round.
   */
  needsMore?(rewards: NumberGrid, rounds: number, config: Config): boolean;
  /** By MLflow metric name: the algorithm's metrics of a step's completions, over all its rounds. */
  metrics?(rewards: NumberGrid, rounds: number, config: Config): Record<string, number>;
}

/** Learns from the samples' own references, without sampling anything. */
export interface ReferenceAlgorithm<Config extends AlgorithmSection = AlgorithmSection> extends Common<Config> {
  readonly learnsFrom: 'references';
}
