import type { CallOptions } from '../../../core/thread-calls.ts';
import { ThreadClient } from '../../../core/thread-client.ts';
import type { SampledGroup } from '../sampling/generate.ts';
import type { EngineApi, GenerateRequest, GrpoRequest, SftRequest, UpdateResult } from './engine-messages.ts';

/**
 * The embedded policy engine: Qwen2-VL on `onnxruntime`, in a thread of its own, so that the caller's event loop is always
 * free. Results depend on the request alone, bit for bit on one machine type: not on what was asked before. Calls reject as
 * those of a `ThreadClient` do, with `InvalidModel`, `CorruptArtifact`, ... from the thread.
 */
export class PolicyEngine {
  readonly #thread: ThreadClient<EngineApi>;

  /** Nothing is loaded before it is needed. `script` is for tests: another thread that serves the same methods. */
  constructor(script = new URL('./engine-thread.ts', import.meta.url)) {
    this.#thread = new ThreadClient({ script, name: "The policy engine's thread" });
  }

  /** `groupSize` completions of every clip, in the order of the clips. */
  generate(request: GenerateRequest, options?: CallOptions): Promise<SampledGroup[]> {
    return this.#thread.call('generate', request, options);
  }

  /** One GRPO step; see `grpo-step.ts`. */
  grpo(request: GrpoRequest, options?: CallOptions): Promise<UpdateResult> {
    return this.#thread.call('grpo', request, options);
  }

  /** One SFT step; see `sft-step.ts`. */
  sft(request: SftRequest, options?: CallOptions): Promise<UpdateResult> {
    return this.#thread.call('sft', request, options);
  }

  /** Ends the thread and rejects the calls that still wait. The next call starts another one. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
