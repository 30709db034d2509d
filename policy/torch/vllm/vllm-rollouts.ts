import { join } from 'node:path';
import type { Progress } from '../../../core/compute-options.ts';
import { VideocapError } from '../../../core/errors.ts';
import { UNKNOWN } from '../../../core/identity.ts';
import type { GenerateOptions, GenerateRequest, PinnedFile } from '../../../core/policy-engine.ts';
import type { Frames } from '../../../core/sample.ts';
import type { PolicyTokenizer } from '../../model/tokenizer.ts';
import type { PatchSettings } from '../../onnx/model/video-processor.ts';
import type { RankFiles } from '../policy-weights.ts';
import type { ShownFile } from '../shown-files.ts';
import type { TorchModel } from '../torch-model.ts';
import {
  completionBody,
  GenerateAnswer,
  readCompletion,
  type ServedCompletion,
  type ServedPolicy,
  type ServerPrompt,
} from './completion-request.ts';
import { handOverFolder } from './hand-over-folder.ts';
import { HandOvers, type HandOverTask } from './hand-overs.ts';
import { PROBE_TEXT, type ProbedDtype, probeClip } from './probe.ts';
import type { AllowedServers, VllmRolloutConfig } from './rollout-config.ts';
import { ServerPool } from './server-pool.ts';
import type { Trainer } from './trainer.ts';
import { videoFeatures } from './video-features.ts';
import { videoUrl } from './video-url.ts';
import { VllmServer } from './vllm-server.ts';

/** What a worker gives rollouts by servers. */
export interface RolloutMeans {
  /** Where the folders lie that servers load policies from. */
  home: string;
  /** The servers that the worker's owner allows, and the file that lists them. */
  allowedServers(): Promise<{ servers: AllowedServers; path: string }>;
}

/** What servers sample for one request, and what they are compared with. */
export interface ServedRequest extends Pick<GenerateRequest, 'sampling' | 'filters' | 'maxNewTokens' | 'groupSize'> {
  config: VllmRolloutConfig;
  dtype: ProbedDtype;
  /** `model_type` of the model's config. */
  family: TorchModel['family'];
  /** How the model's vision tower cuts frames. Throws `InvalidModel`. */
  patches(): PatchSettings;
  clips: readonly (GenerateRequest['clips'][number] & { file: ShownFile })[];
  policy: RankFiles;
  /** The model folder's own weights. */
  base: PinnedFile;
  tokenizer: PolicyTokenizer;
  suppressed: readonly number[];
  trainer: Pick<Trainer, 'expand' | 'score'>;
  /** Writes a clip for the ranks. */
  writeClip(clip: GenerateRequest['clips'][number]): Promise<ShownFile>;
}

/** A completion as the ranks give theirs. */
export interface SampledTokens extends ServedCompletion {
  policyLogProbs?: number[];
  truncated: boolean;
}

/** Milliseconds between two reports while servers work: the watchdog ends what reports nothing. */
const REPORT = 1000;

/**
 * Completions by servers of vLLM. Before a request's first completion each server is given the policy, and has to
 * compute the probe's log-probabilities as the ranks do.
 */
export class VllmRollouts {
  readonly #means: RolloutMeans | undefined;
  readonly #handOvers = new HandOvers();
  readonly #versions = new Map<string, string>();

  constructor(means?: RolloutMeans) {
    this.#means = means;
  }

  /**
   * Groups of every clip, in their order.
   * @throws VideocapError `InvalidConfig` for a server that is not allowed; `RolloutRefused`; `Diverged`.
   */
  async generate(request: ServedRequest, options: GenerateOptions = {}): Promise<SampledTokens[][]> {
    const { clips, groupSize, config, tokenizer } = request;
    const top = await this.#allow(config);
    const { prompts, task } = await this.#prepare(request, top);
    // While servers work, the ranks have nothing else to do; what hangs here is noticed by the watchdog. The policy is
    // scored last: what the ranks hold of it, the next update needs.
    if (!this.#handOvers.knows(config.servers, task)) await task.scoresOf(task.base);
    await task.scoresOf(task.policy);
    const pool = new ServerPool<ServedPolicy, ServedCompletion>({
      servers: config.servers.map((url) => new VllmServer(url)),
      prepare: async (server, signal) => {
        this.#versions.set(server.url, await server.version(signal));
        return this.#handOvers.give(server, task, signal);
      },
      count: clips.length * groupSize,
      ask: async (server, policy, index, signal) => {
        const prompt = prompts[Math.floor(index / groupSize)]!;
        const choosing = { ...request, endToken: tokenizer.endToken };
        const body = completionBody(prompt, policy, index % groupSize, choosing);
        const answer = await server.generate(body, GenerateAnswer, signal);
        return readCompletion(answer, { url: server.url, prompt, policy });
      },
      lost: (server) => this.#handOvers.forget(server),
      answered: () => report(),
      signal: options.signal,
    });
    const total = clips.length * groupSize;
    const report = () => {
      options.onProgress?.(progressOf(pool, total));
      options.onOutage?.(pool.outage);
    };
    const timer = setInterval(report, REPORT);
    let sampled: ServedCompletion[];
    try {
      sampled = await pool.answers();
    } finally {
      clearInterval(timer);
    }
    const completions = sampled.map((one) => ({ ...one, truncated: one.tokenIds.at(-1) !== tokenizer.endToken }));
    const groups = clips.map((_, c) => completions.slice(c * groupSize, (c + 1) * groupSize));
    return request.filters && request.sampling ? this.#withPolicyLogProbs(request, groups) : groups;
  }

  /** The versions of vLLM that have sampled, for the identity of what they computed; while none answers, `UNKNOWN`. */
  async version({ servers }: VllmRolloutConfig): Promise<string> {
    const known = await Promise.all(
      servers.map(
        async (url) =>
          this.#versions.get(url) ?? (await new VllmServer(url).version(undefined, 2).catch(() => undefined)),
      ),
    );
    return [...new Set(known.filter((one) => one !== undefined))].sort().join(', ') || UNKNOWN;
  }

  /** The folder for hand-overs. */
  async #allow({ servers }: VllmRolloutConfig): Promise<string> {
    const allowed = await this.#means?.allowedServers();
    const url = servers.find((one) => !allowed?.servers.includes(one));
    if (this.#means && url === undefined) return join(this.#means.home, 'hand-over');
    throw new VideocapError(
      'InvalidConfig',
      `policy.engine.rollout.servers names ${url}, and ${allowed?.path ?? '<home>/allowed.yaml'} does not allow it: ` +
        `if you trust that server with policies, add: rolloutServers: ["${url}"].`,
    );
  }

  async #prepare(request: ServedRequest, top: string): Promise<{ prompts: ServerPrompt[]; task: HandOverTask }> {
    const { clips, policy, base, trainer, tokenizer, dtype } = request;
    const clip = probeClip(clips[0]!.frames.shape);
    const probe = { ...clip, file: await request.writeClip(clip) };
    const shown = [...clips, probe];
    const expanded = await trainer.expand(
      policy,
      shown.map(({ file }) => file),
    );
    const prompts = await Promise.all(
      shown.map(({ frames, file }, i) => serverPrompt(request, frames, file, expanded[i]!)),
    );
    const tokenIds = tokenizer.completion(PROBE_TEXT);
    const scores = new Map<string, Promise<number[]>>();
    const scoresOf = (files: RankFiles) => {
      const scored = trainer.score(files, [{ ...probe.file, completions: [{ tokenIds }] }]);
      return scored.then(([group]) => group![0]!);
    };
    const folders = new Map<string, Promise<string>>();
    const { optimizer: _, ...withoutMoments } = policy;
    const task: HandOverTask = {
      policy,
      base: { ...withoutMoments, weights: base },
      dtype,
      probe: { ...prompts.pop()!, tokenIds },
      folderOf: (files) => once(folders, files.weights.sha256, () => handOverFolder(files, top)),
      scoresOf: (files) => once(scores, files.weights.sha256, () => scoresOf(files)),
    };
    return { prompts, task };
  }

  /** With filters on, the servers' log-probabilities are those of the filtered distribution: the ranks score anew. */
  async #withPolicyLogProbs(request: ServedRequest, groups: SampledTokens[][]): Promise<SampledTokens[][]> {
    const { clips, policy, sampling, suppressed, trainer } = request;
    const scored = await trainer.score(
      policy,
      clips.map(({ file }, g) => ({ ...file, completions: groups[g]!.map(({ tokenIds }) => ({ tokenIds })) })),
      { temperature: sampling!.temperature, suppressed },
    );
    return groups.map((group, g) => group.map((one, c) => ({ ...one, policyLogProbs: scored[g]![c]! })));
  }
}

async function serverPrompt(
  { family, patches, tokenizer: { videoToken } }: ServedRequest,
  frames: Frames,
  { sampleId, promptIds, frames: { seconds } }: ShownFile,
  expandedIds: readonly number[],
): Promise<ServerPrompt> {
  if (family === 'qwen2_vl') {
    const content_parts = [{ type: 'video_url', url: await videoUrl(frames) }] as const;
    return { sampleId, promptIds, expandedIds, video: { content_parts } };
  }
  const video = { family, frames, seconds, expandedIds, videoToken, patches: patches() };
  return { sampleId, promptIds: expandedIds, expandedIds, video: { features: videoFeatures(video) } };
}

function progressOf({ done, outage }: ServerPool<ServedPolicy, ServedCompletion>, total: number): Progress {
  return { done, total, what: outage === undefined ? 'completions written' : `waiting: ${outage}` };
}

/** What a key was computed to, once; a failure is not kept. */
function once<T>(known: Map<string, Promise<T>>, key: string, compute: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before) return before;
  const computed = compute();
  known.set(key, computed);
  computed.catch(() => known.delete(key));
  return computed;
}
