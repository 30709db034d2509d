import type { PinnedFile } from '../../../core/policy-engine.ts';
import type { RankFiles } from '../policy-weights.ts';
import {
  GenerateAnswer,
  readScores,
  type ServedPolicy,
  type ServerPrompt,
  scoringBody,
  versionIn,
} from './completion-request.ts';
import { meanDifference, type ProbedDtype, requireHandedOver, toleranceOf } from './probe.ts';
import type { VllmServer } from './vllm-server.ts';

/** A policy that is to be handed over, and how to check that it was. */
export interface HandOverTask {
  policy: RankFiles;
  /** The policy that the model's folder holds. */
  base: RankFiles & { weights: PinnedFile };
  dtype: ProbedDtype;
  /** The folder that a server loads a policy from; made when it is first asked for. */
  folderOf(policy: RankFiles): Promise<string>;
  probe: ServerPrompt & { tokenIds: readonly number[] };
  /** The ranks' log-probabilities of the probe's tokens. */
  scoresOf(policy: RankFiles): Promise<number[]>;
}

/** Servers that have been given policies, and what is remembered of each. */
export class HandOvers {
  /** By server and base model: how much the policies on it may differ from those of the ranks, in nats. */
  readonly #tolerances = new Map<string, number>();
  /** By server: adapters that it was given, oldest first. */
  readonly #adapters = new Map<string, string[]>();

  /**
   * A server that was away may be another program by now: its tolerance is measured anew. If it is the same, it still
   * has the adapters that it was given, so these are remembered until they are unloaded.
   */
  forget({ url }: VllmServer): void {
    for (const key of this.#tolerances.keys()) if (key.startsWith(`${url} `)) this.#tolerances.delete(key);
  }

  /** Whether the tolerance of each server is known, so that no base model has to be scored. */
  knows(servers: readonly string[], task: Pick<HandOverTask, 'base' | 'dtype'>): boolean {
    return servers.every((url) => this.#tolerances.has(toleranceKey(url, task)));
  }

  /**
   * Gives a policy to a server that does not have it, and compares what the server computes with what the ranks
   * compute. The base model is compared first, once a server: its difference is rounding.
   * @throws RolloutFault.
   */
  async give(server: VllmServer, task: HandOverTask, signal?: AbortSignal): Promise<ServedPolicy> {
    const { policy, base, dtype } = task;
    const key = toleranceKey(server.url, task);
    let tolerance = this.#tolerances.get(key);
    if (tolerance === undefined) {
      const served = await this.#load(server, task, base, signal);
      tolerance = toleranceOf((await this.#probe(server, task, base, served, signal)).difference, dtype, server.url);
      this.#tolerances.set(key, tolerance);
    }
    const served = await this.#load(server, task, policy, signal);
    const { difference, version } = await this.#probe(server, task, policy, served, signal);
    requireHandedOver(difference, { tolerance, url: server.url, sha256: policy.weights.sha256 });
    return { ...served, version };
  }

  async #load(
    server: VllmServer,
    task: HandOverTask,
    policy: RankFiles,
    signal: AbortSignal | undefined,
  ): Promise<ServedPolicy> {
    const { sha256 } = policy.weights;
    const { base, adapters } = await server.models(signal);
    if (policy.base) {
      // What the server calls the base model's weights, any answer says.
      if (sha256 === policy.base.sha256) return { model: base, version: '', sha256 };
      const given = this.#adapters.get(server.url)?.includes(sha256);
      // One of this name that another process gave may have lost its folder, from which servers load at times again.
      if (!given && adapters.has(sha256)) await server.unloadAdapter(sha256, signal);
      if (!given || !adapters.has(sha256)) await this.#loadAdapter(server, sha256, await task.folderOf(policy), signal);
      return { model: sha256, version: '', sha256 };
    }
    if ((await server.weightVersion(signal)) !== sha256)
      await server.reload(await task.folderOf(policy), sha256, signal);
    return { model: base, version: sha256, sha256 };
  }

  /** Of the adapters that this process has given, the last two stay. */
  async #loadAdapter(server: VllmServer, name: string, folder: string, signal?: AbortSignal): Promise<void> {
    await server.loadAdapter(name, folder, signal);
    const given = [...(this.#adapters.get(server.url) ?? []).filter((one) => one !== name), name];
    for (const old of given.splice(0, given.length - 2)) await server.unloadAdapter(old, signal);
    this.#adapters.set(server.url, given);
  }

  async #probe(
    server: VllmServer,
    { probe, scoresOf }: HandOverTask,
    policy: RankFiles,
    served: ServedPolicy,
    signal: AbortSignal | undefined,
  ): Promise<{ difference: number; version: string }> {
    const { url } = server;
    const answer = await server.generate(scoringBody(probe, served, probe.tokenIds), GenerateAnswer, signal);
    const scores = readScores(answer, { url, prompt: probe, tokenIds: probe.tokenIds });
    return { difference: meanDifference(scores, await scoresOf(policy)), version: versionIn(answer, url) };
  }
}

function toleranceKey(url: string, { base, dtype }: Pick<HandOverTask, 'base' | 'dtype'>): string {
  return `${url} ${base.weights.sha256} ${dtype}`;
}
