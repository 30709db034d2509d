import type * as ort from 'onnxruntime-node';
import type { ComputeOptions, Progress } from '../../../core/compute-options.ts';
import type { SampledGroup } from '../../../core/policy-engine.ts';
import { ThreadClient } from '../../../core/thread-client.ts';
import { enterNative, runNative } from '../../../core/thread-server.ts';
import type { GraphRun } from '../model/model.ts';
import type { Weights } from '../model/weights.ts';
import type { GenerateOptions } from '../sampling/generate.ts';
import {
  KEPT_BY_LANE,
  type LaneApi,
  type LaneData,
  type LaneWeights,
  type PlainTensors,
  plain,
  tensorsOf,
} from './lane-api.ts';
import { useLast } from './use-last.ts';

const SCRIPT = new URL('./lane-thread.ts', import.meta.url);

/** More lanes than this have more threads each. */
const MOST_LANES = 4;

/**
 * Threads that compute side by side, each with its own sessions. ONNX Runtime's threads wait for each other after every
 * operation, and a small model's operations take microseconds: two lanes of a thread each need about 0.8 of the time of
 * one session of two threads. While lanes compute, the thread that asked them counts as one in native code: if it were
 * ended, they would be, too.
 */
export class Lanes {
  readonly #lanes: Lane[];

  /** @param threads of all lanes together, 2 or more. */
  constructor(model: string, threads: number) {
    const count = Math.min(threads, MOST_LANES);
    this.#lanes = Array.from({ length: count }, () => new Lane({ model, threads: Math.floor(threads / count) }));
  }

  get count(): number {
    return this.#lanes.length;
  }

  /** One part of the clips for each lane; the groups in the order of the parts. */
  generate(
    weights: Weights,
    parts: readonly GenerateOptions[],
    { progress, throwIfCancelled }: ComputeOptions,
  ): Promise<SampledGroup[]> {
    const latest = parts.map((): Progress => ({ done: 0, total: 0, what: '' }));
    const total = parts.reduce((sum, { clips, groupSize }) => sum + clips.length * groupSize, 0);
    return runNative(async () => {
      const controller = new AbortController();
      const stopIfCancelled = () => {
        try {
          throwIfCancelled();
        } catch (reason) {
          controller.abort(reason);
        }
      };
      const groups = parts.map((options, i) =>
        this.#lanes[i]!.call('generate', weights, (own) => ({ weights: own, options }), {
          signal: controller.signal,
          onProgress(part) {
            latest[i] = part;
            progress({ ...part, done: latest.reduce((sum, { done }) => sum + done, 0), total });
            stopIfCancelled();
          },
        }),
      );
      try {
        return (await Promise.all(groups)).flat();
      } catch (error) {
        // What the other lanes compute is not wanted any more.
        controller.abort(error);
        await this.close();
        throw error;
      }
    });
  }

  /** Runs a graph on each of some inputs, beside each other; gives the outputs in the order of the inputs. */
  async *runEach(
    graph: string,
    weights: Weights,
    runs: readonly GraphRun[],
  ): AsyncGenerator<Readonly<Record<string, ort.Tensor>>> {
    const begin = ({ begun, feeds }: GraphRun, i: number) => {
      begun();
      const request = (own: LaneWeights) => ({ graph, weights: own, feeds: plain(feeds()) });
      const output = this.#lanes[i % this.count]!.call('run', weights, request);
      output.catch(() => undefined); // it is thrown when its turn comes
      open.push(output);
    };
    const open: Promise<PlainTensors>[] = [];
    const leave = enterNative();
    try {
      for (const [i, run] of runs.slice(0, this.count).entries()) begin(run, i);
      for (let i = 0; i < runs.length; i++) {
        const output = await open[i]!;
        // The lane of this run is free; the outputs of the others wait for their turn.
        if (i + this.count < runs.length) begin(runs[i + this.count]!, i + this.count);
        yield tensorsOf(output);
      }
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      // Where the caller stops early, lanes may still compute.
      await Promise.allSettled(open);
      leave();
    }
  }

  /** Waits until running graphs return. Lanes start again with the next call. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

/** A thread, and what it keeps. */
class Lane {
  readonly #client: ThreadClient<LaneApi>;
  readonly #kept = new Map<number, true>();

  constructor(data: LaneData) {
    this.#client = new ThreadClient({ script: SCRIPT, data, name: "A lane of the policy engine's thread" });
  }

  call<K extends 'generate' | 'run'>(
    method: K,
    weights: Weights,
    request: (weights: LaneWeights) => Parameters<LaneApi[K]>[0],
    options: Parameters<ThreadClient<LaneApi>['call']>[2] = {},
  ): Promise<ReturnType<LaneApi[K]>> {
    const id = idOf(weights);
    const isKnown = this.#kept.has(id);
    useLast(this.#kept, id, () => true, KEPT_BY_LANE);
    const own = isKnown ? { id } : { id, tensors: weights.tensors };
    return this.#client.call(method, request(own) as never, options) as Promise<ReturnType<LaneApi[K]>>;
  }

  async close(): Promise<void> {
    this.#kept.clear();
    await this.#client.close();
  }
}

const ids = new WeakMap<Weights, number>();
let lastId = 0;

function idOf(weights: Weights): number {
  const id = ids.get(weights) ?? ++lastId;
  ids.set(weights, id);
  return id;
}
