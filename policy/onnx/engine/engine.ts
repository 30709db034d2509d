import type { SampledGroup } from '../sampling/generate.ts';
import { type CallOptions, EngineCalls } from './engine-calls.ts';
import type { EngineRequest, GenerateRequest, GrpoRequest, SftRequest, UpdateResult } from './engine-messages.ts';

/**
 * The embedded policy engine: Qwen2-VL on `onnxruntime`, in a thread of its own, so that the caller's event loop is always
 * free. Requests are answered one at a time, in order. Results depend on the request alone, bit for bit on one machine
 * type: not on what was asked before.
 *
 * A call rejects with what the thread threw (`InvalidModel`, `CorruptArtifact`, ...), with `Unavailable` when the thread
 * died, or with the signal's reason. A thread that died, or that a signal's `Stuck` said no longer moves, is replaced at the
 * next call.
 */
export class PolicyEngine {
  readonly #script: URL;
  #thread: EngineCalls | undefined;

  /** Nothing is loaded before it is needed. `script` is for tests: another thread that speaks the same messages. */
  constructor(script = new URL('./engine-thread.mjs', import.meta.url)) {
    this.#script = script;
  }

  /** `groupSize` completions of every clip, in the order of the clips. */
  generate(request: Omit<GenerateRequest, 'kind'>, options: CallOptions = {}): Promise<SampledGroup[]> {
    return this.#call({ kind: 'generate', ...request }, options) as Promise<SampledGroup[]>;
  }

  /** One GRPO step; see `grpo-step.ts`. */
  grpo(request: Omit<GrpoRequest, 'kind'>, options: CallOptions = {}): Promise<UpdateResult> {
    return this.#call({ kind: 'grpo', ...request }, options) as Promise<UpdateResult>;
  }

  /** One SFT step; see `sft-step.ts`. */
  sft(request: Omit<SftRequest, 'kind'>, options: CallOptions = {}): Promise<UpdateResult> {
    return this.#call({ kind: 'sft', ...request }, options) as Promise<UpdateResult>;
  }

  /** Ends the thread; whoever still waits is told. The next call starts another one. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }

  #call(request: EngineRequest, options: CallOptions) {
    this.#thread ??= this.#start();
    return this.#thread.call(request, options);
  }

  #start(): EngineCalls {
    const thread: EngineCalls = new EngineCalls(this.#script, () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}
