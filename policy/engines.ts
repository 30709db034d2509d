import { VideocapError } from '../core/errors.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import type { TextLengths } from '../core/text-lengths.ts';
import { textLengths } from './model/text-lengths.ts';
import { OnnxEngine } from './onnx/engine/onnx-engine.ts';
import { openModelFolder } from './onnx/model/model-folder.ts';
import type { EngineConfig } from './policy-config.ts';
import { TorchEngine } from './torch/torch-engine.ts';
import { openTorchModel } from './torch/torch-model.ts';
import type { RolloutMeans } from './torch/vllm/vllm-rollouts.ts';

type EngineKind = EngineConfig['kind'];

/**
 * Engines with a driver in TypeScript, by the `kind` of their config section. An engine that another program serves on
 * the task queue `policy-<kind>` has a config section only.
 */
const ENGINES: Partial<Record<EngineKind, (means?: RolloutMeans) => PolicyEngine>> = {
  onnx: () => new OnnxEngine(),
  torch: (means) => new TorchEngine(means),
};

/** `startWorkers` serves the task queue `policy-<kind>` of each. */
export const ENGINE_KINDS = Object.keys(ENGINES) as EngineKind[];

/** Engines whose models have their tokenizers in files that are read here. */
const LENGTHS: Partial<Record<EngineKind, (model: string) => TextLengths>> = {
  onnx: (model) => textLengths(openModelFolder(model).path),
  torch: (model) => textLengths(openTorchModel(model).path),
};

/** How an engine's model counts tokens; `undefined` where only the engine itself can tell. Throws `InvalidModel`. */
export function lengthsOf(kind: EngineKind, model: string): TextLengths | undefined {
  return LENGTHS[kind]?.(model);
}

/**
 * A driver of the engine; it starts computing processes or threads with the first call.
 * @param means for rollouts by servers; without them, no server is allowed.
 * @throws VideocapError `InvalidConfig` for an engine that another program serves.
 */
export function createEngine(kind: EngineKind, means?: RolloutMeans): PolicyEngine {
  const create = ENGINES[kind];
  if (create) return create(means);
  throw new VideocapError(
    'InvalidConfig',
    `policy.engine.kind: "${kind}" is served by a program of its own and has no driver here; set ` +
      `${ENGINE_KINDS.join(' or ')}.`,
  );
}
