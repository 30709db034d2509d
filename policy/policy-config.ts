import { z } from 'zod';
import { TOKEN_FILTERS } from '../core/token-filters.ts';
import { OnnxConfig } from './onnx/onnx-config.ts';
import { OpenAiConfig } from './openai/openai-config.ts';
import { isBrokenRunCheckpoint } from './run-checkpoint.ts';
import { TorchConfig } from './torch/torch-config.ts';

/** What computes, with its own options. Its worker serves the task queue `policy-<kind>`. */
export const EngineConfig = z.discriminatedUnion('kind', [OnnxConfig, TorchConfig, OpenAiConfig]);
export type EngineConfig = z.infer<typeof EngineConfig>;

export const PolicyConfig = z.strictObject({
  /**
   * Name of a shipped model, a path to a model folder, or a checkpoint of another run: `run:RUN@STEP`; `run:RUN` is its
   * last step. A run's key or workflow id is the RUN. The optimiser starts with an empty state. With an endpoint
   * (`engine.kind: openai`): the model's name there.
   */
  model: z
    .string()
    .min(1)
    .max(1024)
    .refine((model) => !isBrokenRunCheckpoint(model), {
      error: 'write run:RUN@STEP, or run:RUN for the last step, with a run that `videocap status` lists as RUN',
    })
    .default('tiny'),
  /** What computes: samples completions, updates the weights, and exports them. */
  engine: EngineConfig.prefault({ kind: 'onnx' }),
});
export type PolicyConfig = z.infer<typeof PolicyConfig>;

export const SamplingConfig = z.strictObject({
  /** Completions per sample (G). */
  groupSize: z.int().min(2).max(256).default(8),
  /** Divides the logits before a token is drawn; graphs divide in single precision. */
  temperature: z.number().min(0.01).max(5).default(1),
  /**
   * A completion is cut off after so many tokens. `algorithm.samplesPerStep` x `groupSize` x this is at most 4194304;
   * times `algorithm.dynamicSampling.maxRounds`, at most 16777216.
   */
  maxNewTokens: z.int().min(1).max(4096).default(128),
  ...TOKEN_FILTERS,
});
export type SamplingConfig = z.infer<typeof SamplingConfig>;
