import type { Cell, Moment, StruckStage, TORCH_VICTIMS } from '../matrix/cells.ts';
import type { TorchExperimentName } from './torch-experiment.ts';

type TorchVictim = (typeof TORCH_VICTIMS)[number];

/** Seconds after which a server that was killed is started again; it takes a minute to answer. */
const AWAY_SECONDS = 1;

/**
 * The crash matrix of the torch engine. With adapters the third step is struck. With all weights, steps 1, 2 and 4 have
 * recipes: the second step and the captions after the last one are struck, which the ranks make from what they hold, or
 * from a recipe.
 */
export const TORCH_CELLS: readonly Cell[] = [
  ...cells('lora by vLLM', 'rollout', { before: ['vllm'], during: ['worker', 'rank 0', 'rank 1', 'vllm'] }),
  ...cells('lora by vLLM', 'update', { during: ['worker', 'rank 0', 'rank 1', 'vllm'], 'after effect': ['worker'] }),
  ...cells('lora by vLLM', 'captions', { during: ['worker', 'vllm'] }),
  ...cells('full by vLLM', 'rollout', { during: ['worker', 'rank 0', 'vllm'] }),
  ...cells('full by vLLM', 'update', { during: ['worker', 'rank 1'], 'after report': ['rank 0'] }),
  ...cells('full by vLLM', 'captions', { before: ['rank 0'] }),
  ...cells('full by ranks', 'rollout', { during: ['rank 1'] }),
  ...cells('full by ranks', 'update', { before: ['rank 0'], during: ['worker'], 'after effect': ['worker'] }),
  ...cells('full by ranks', 'captions', { during: ['worker'] }),
];

function cells(
  experiment: TorchExperimentName,
  stage: StruckStage,
  victims: Partial<Record<Moment, readonly TorchVictim[]>>,
): Cell[] {
  const call = stage === 'captions' ? 2 : experiment === 'lora by vLLM' ? 3 : 2;
  return (Object.entries(victims) as [Moment, readonly TorchVictim[]][]).flatMap(([moment, all]) =>
    all.map((victim) => ({ ...{ stage, moment, victim, call, experiment }, awaySeconds: AWAY_SECONDS })),
  );
}
