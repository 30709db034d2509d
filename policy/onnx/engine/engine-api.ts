import type {
  GenerateRequest,
  NotFiniteUpdate,
  PolicyFiles,
  SampledGroup,
  UpdateRequest,
  UpdateResult,
} from '../../../core/policy-engine.ts';
import type { OnnxConfig } from '../onnx-config.ts';
import type { InMemory } from '../training/checkpoint.ts';

/** Requests with this engine's own options. */
export type OnnxRequest<Request> = Omit<Request, 'engine'> & { engine: OnnxConfig };

/** What the engine's thread serves. */
export interface EngineApi {
  /** Finds the model of a config and checks all of its files, its own weights too. */
  open(request: { model: string }): PolicyFiles;
  generate(request: OnnxRequest<GenerateRequest>): SampledGroup[];
  update(request: OnnxRequest<UpdateRequest>): UpdateResult<InMemory> | NotFiniteUpdate;
}
