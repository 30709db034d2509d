import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from '../../../core/identity.ts';
import type {
  ConfigSection,
  GenerateRequest,
  NotFiniteUpdate,
  PolicyEngine,
  PolicyFiles,
  SampledGroup,
  UpdateRequest,
  UpdateResult,
} from '../../../core/policy-engine.ts';
import { sha256OfFile } from '../../../core/sha256.ts';
import type { CallOptions } from '../../../core/thread-calls.ts';
import { ThreadClient } from '../../../core/thread-client.ts';
import { readFixedFiles } from '../../model/fixed-files.ts';
import { openModelFolder } from '../model/model-folder.ts';
import { WEIGHTS_FILE } from '../model/weights-file.ts';
import { OnnxConfig } from '../onnx-config.ts';
import type { InMemory } from '../training/checkpoint.ts';
import type { EngineApi } from './engine-api.ts';
import { onnxIdentity } from './onnx-identity.ts';

/**
 * The embedded policy engine: Qwen2-VL on `onnxruntime`, in a thread of its own, so that the caller's event loop is
 * always free. Results are the same bit for bit on one machine type with one number of threads.
 */
export class OnnxEngine implements PolicyEngine {
  readonly #thread: ThreadClient<EngineApi>;

  /** Nothing is loaded before it is needed. `script` is for tests: another thread that serves the same methods. */
  constructor(script = new URL('./engine-thread.ts', import.meta.url)) {
    this.#thread = new ThreadClient({ script, name: "The policy engine's thread" });
  }

  startPolicy(model: string, options?: CallOptions): Promise<PolicyFiles> {
    return this.#thread.call('open', { model }, options);
  }

  identity(model: string, engine: ConfigSection): Promise<Identity> {
    return onnxIdentity(openModelFolder(model), OnnxConfig.parse(engine));
  }

  generate(request: GenerateRequest, options?: CallOptions): Promise<SampledGroup[]> {
    return this.#thread.call('generate', { ...request, engine: OnnxConfig.parse(request.engine) }, options);
  }

  update(request: UpdateRequest, options?: CallOptions): Promise<UpdateResult<InMemory> | NotFiniteUpdate> {
    return this.#thread.call('update', { ...request, engine: OnnxConfig.parse(request.engine) }, options);
  }

  async exportModel({ model, weights }: PolicyFiles, folder: string): Promise<void> {
    for (const [name, bytes] of readFixedFiles(openModelFolder(model).path)) await writeFile(join(folder, name), bytes);
    await copyFile(weights.path, join(folder, WEIGHTS_FILE));
  }

  exportedWeights(folder: string): Promise<string | undefined> {
    return sha256OfFile(join(folder, WEIGHTS_FILE)).catch(() => undefined);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
