import { z } from 'zod';
import type { Algorithm } from './algorithm.ts';
import { GrpoConfig, grpo } from './grpo.ts';
import { GspoConfig, gspo } from './gspo.ts';
import { SftConfig, sft } from './sft.ts';

/** Every algorithm, by its `kind`. */
const ALGORITHMS = { grpo, gspo, sft };

/** The section `algorithm` of an experiment file. */
export const AlgorithmConfig = z.discriminatedUnion('kind', [GrpoConfig, GspoConfig, SftConfig]);
export type AlgorithmConfig = z.infer<typeof AlgorithmConfig>;

/** The algorithm of a config section; its functions take that section. */
export function algorithmOf({ kind }: AlgorithmConfig): Algorithm<AlgorithmConfig> {
  return ALGORITHMS[kind] as Algorithm<AlgorithmConfig>;
}
