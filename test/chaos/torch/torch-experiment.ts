import { matrixExperiment } from '../matrix/experiment.ts';

/**
 * `lora by vLLM`: adapters, sampled by vLLM. `full by vLLM`: all weights, whose checkpoints have files after every
 * third step, sampled by vLLM. `full by ranks`: the same, sampled by the ranks.
 */
export type TorchExperimentName = 'lora by vLLM' | 'full by vLLM' | 'full by ranks';

/** The rank of adapters that servers have room for. */
export const LORA = { rank: 8, alpha: 16 };

export interface TorchServers {
  /** One that serves the shipped model with adapters. */
  adapters?: string;
  /** One that is given whole weights. */
  whole?: string;
  /** The folder of its model: the shipped one with a head of its own. */
  wholeModel?: string;
}

/** The matrix's experiment through the torch engine: two ranks, four steps, every stage the real one. */
export function torchExperiment(judgeUrl: string, name: TorchExperimentName, servers: TorchServers) {
  const { config, overrides } = matrixExperiment(judgeUrl);
  const { 'policy.engine.threads': _, ...others } = overrides;
  const url = name === 'lora by vLLM' ? servers.adapters : name === 'full by vLLM' ? servers.whole : undefined;
  const engine = {
    ...{ kind: 'torch', dtype: 'float32', ranks: 2, gradientCheckpointing: false },
    ...(name === 'lora by vLLM' ? { lora: LORA } : { checkpointEvery: 3 }),
    ...(url !== undefined && { rollout: { kind: 'vllm', servers: [url] } }),
  };
  return {
    config,
    overrides: {
      ...others,
      'policy.engine': engine,
      ...(name === 'full by vLLM' && { 'policy.model': servers.wholeModel }),
      ...{ 'algorithm.steps': 4, 'algorithm.iterations': 1, 'dataset.trainSamples': 4, 'dataset.heldOutSamples': 2 },
      ...{ 'sampling.maxNewTokens': 32, 'benchmark.maxNewTokens': 32 },
      // Each rank samples two groups, one after the other.
      ...(name === 'full by ranks' && {
        ...{ 'algorithm.samplesPerStep': 4, 'sampling.groupSize': 2, 'dataset.heldOutSamples': 4 },
      }),
    },
  };
}
