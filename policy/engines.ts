import type { PolicyEngine } from '../core/policy-engine.ts';
import { OnnxEngine } from './onnx/engine/onnx-engine.ts';
import type { EngineConfig } from './policy-config.ts';

/** Every engine, by the `kind` of its config section. Its worker serves the task queue `policy-<kind>`. */
const ENGINES: Record<EngineConfig['kind'], () => PolicyEngine> = { onnx: () => new OnnxEngine() };

/** A driver of the engine; it starts computing processes or threads with the first call. */
export function createEngine(kind: EngineConfig['kind']): PolicyEngine {
  return ENGINES[kind]();
}
