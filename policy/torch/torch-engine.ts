import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SampledText } from '../../core/completion.ts';
import type { Identity } from '../../core/identity.ts';
import { machineIdentity } from '../../core/machine.ts';
import type { NotFinite } from '../../core/not-finite.ts';
import type {
  CompletionBatch,
  ConfigSection,
  GenerateOptions,
  GenerateRequest,
  NotFiniteUpdate,
  PinnedFile,
  PolicyEngine,
  PolicyFiles,
  PolicyOrigin,
  SampledGroup,
  UpdateRequest,
  UpdateResult,
} from '../../core/policy-engine.ts';
import type { CallOptions } from '../../core/thread-calls.ts';
import { learningRateAt } from '../learning-rate.ts';
import { readFixedFiles } from '../model/fixed-files.ts';
import { shippedModels } from '../model/model-path.ts';
import { PolicyTokenizer } from '../model/tokenizer.ts';
import { exportedWeights, exportWeights } from './export-files.ts';
import { type LearntGroup, lossSettings, referenceGroups, sampledGroups } from './learnt-batch.ts';
import { modelCard } from './model-card.ts';
import { PolicyWeights } from './policy-weights.ts';
import { RankGroup } from './rank-group.ts';
import { writeShown } from './shown-files.ts';
import { TorchConfig } from './torch-config.ts';
import { torchEnvironment } from './torch-environment.ts';
import { openTorchModel } from './torch-model.ts';
import { Trainer } from './vllm/trainer.ts';
import { type RolloutMeans, VllmRollouts } from './vllm/vllm-rollouts.ts';

/** A model as this driver needs it. */
interface OpenModel {
  path: string;
  family: string;
  tokenizer: PolicyTokenizer;
  /** Ids of tokens that are never sampled. */
  suppressed: number[];
}

/** The part of the config that the ranks read. */
type RankSection = Omit<TorchConfig, 'kind' | 'ranks' | 'rollout'>;

/**
 * PyTorch behind this driver: a group of processes computes, which may die and is replaced at the next call. The driver
 * tokenises, and gives and takes whatever is large as files.
 */
export class TorchEngine implements PolicyEngine {
  readonly #files = new PolicyWeights();
  readonly #models = new Map<string, OpenModel>();
  readonly #servers: VllmRollouts;
  #group: { ranks: number; group: RankGroup } | undefined;
  /** One request at a time: the end of the last one. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param means for rollouts by servers; without them, no server is allowed. */
  constructor(means?: RolloutMeans) {
    this.#servers = new VllmRollouts(means);
  }

  async startPolicy(model: string, options?: CallOptions): Promise<PolicyFiles> {
    torchEnvironment();
    const { path } = this.#open(model);
    return { model: shippedModels().has(model) ? model : path, weights: await this.#files.startWeights(path, options) };
  }

  /** Asks the ranks for their versions and devices; the driver adds its own. */
  async identity(_model: string, engine: ConfigSection): Promise<Identity> {
    return this.#inFolder(engine, undefined, async (group, section, { rollout, ranks }) => ({
      engine: 'torch',
      ranks: String(ranks),
      dtype: section.dtype,
      ...((await group.call('identity', {})) as Identity),
      ...(rollout.kind === 'vllm' && { vllm: await this.#servers.version(rollout) }),
      ...(await machineIdentity()),
    }));
  }

  generate(request: GenerateRequest, options?: GenerateOptions): Promise<SampledGroup[]> {
    return this.#inFolder(request.engine, options, async (group, section, { folder, rollout }) => {
      const { path, family, tokenizer, suppressed } = this.#open(request.policy.model);
      const { groupSize, maxNewTokens, sampling, filters } = request;
      const policy = await this.#files.forRanks(request.policy, path, section, options);
      const files = await Promise.all(request.clips.map((clip, i) => writeShown(folder, i, clip, tokenizer)));
      const choosing = { groupSize, maxNewTokens, ...(sampling && { sampling }), ...(filters && { filters }) };
      let sampled: Omit<SampledText, 'text'>[][];
      if (rollout.kind === 'vllm')
        sampled = await this.#servers.generate(
          {
            ...{ ...choosing, config: rollout, dtype: section.dtype, policy, tokenizer, suppressed },
            family,
            clips: request.clips.map((clip, i) => ({ ...clip, file: files[i]! })),
            base: await this.#files.startWeights(path, options),
            trainer: new Trainer(group, section, options),
            writeClip: (clip) => writeShown(folder, files.length, clip, tokenizer),
          },
          options,
        );
      else {
        const params = { engine: section, policy, clips: files, ...choosing, endToken: tokenizer.endToken, suppressed };
        const groups = await group.call('generate', params, options);
        sampled = (groups as { completions: Omit<SampledText, 'text'>[] }[]).map(({ completions }) => completions);
      }
      return request.clips.map(({ sampleId }, g) => ({
        sampleId,
        completions: sampled[g]!.map((one) => ({ text: tokenizer.decode(one.tokenIds), ...one })),
      }));
    });
  }

  update(request: UpdateRequest, options?: CallOptions): Promise<UpdateResult | NotFiniteUpdate> {
    const { scalars, iterations, optimizer } = lossSettings(request);
    return this.#inFolder(request.engine, options, async (group, section, { folder, rollout }) => {
      const { policy, reference, step, loss, algorithm, batch } = request;
      const { path: model, tokenizer, suppressed } = this.#open(policy.model);
      const learnt: LearntGroup[] =
        batch.learnsFrom === 'completions'
          ? sampledGroups(batch, algorithm)
          : referenceGroups(batch, (text) => tokenizer.completion(text));
      const groups = await Promise.all(
        learnt.map(async ({ completions, ...shown }, i) => ({
          ...(await writeShown(folder, i, shown, tokenizer)),
          completions,
        })),
      );
      const { steps } = algorithm as unknown as { steps: number };
      const learningRate = learningRateAt(step, steps, optimizer);
      const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = optimizer;
      const asked = await this.#files.forRanks(policy, model, section, options);
      const compared = await this.#files.forRanks(reference, model, section, options);
      const answer = (await group.call(
        'update',
        {
          ...{ engine: section, policy: asked, reference: compared },
          ...{ groups, loss, scalars, iterations, folder: request.folder },
          temperature: batch.learnsFrom === 'completions' ? batch.temperature : 1,
          suppressed,
          ...(rollout.kind === 'vllm' && cap(batch, rollout.importanceCap)),
          adamw: { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm },
        },
        options,
      )) as { notFinite: NotFinite } | { metrics: Record<string, number>; weights: PinnedFile; optimizer: PinnedFile };
      if ('notFinite' in answer) return answer;
      const metrics = {
        ...answer.metrics,
        ...{ learningRate, updates: groups.length > 0 ? iterations : 0 },
        ...(batch.learnsFrom === 'completions' && { excludedCompletions: excluded(batch) }),
      };
      return { ...answer, metrics };
    });
  }

  async exportModel({ model, weights }: PolicyFiles, folder: string, origin: PolicyOrigin): Promise<void> {
    const { path, family } = this.#open(model);
    for (const [name, bytes] of readFixedFiles(path)) await writeFile(join(folder, name), bytes);
    const adapter = await exportWeights(weights.path, path, folder);
    const card = modelCard({ ...origin, base: model, family, isAdapter: adapter !== undefined });
    await writeFile(join(folder, 'README.md'), card);
  }

  exportedWeights(folder: string): Promise<string | undefined> {
    return exportedWeights(folder);
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#files.close();
  }

  #stop(): void {
    this.#group?.group.kill();
    this.#group = undefined;
  }

  /** Runs a request on the group, with a folder for its files that is gone afterwards. */
  async #inFolder<T>(
    engine: GenerateRequest['engine'],
    options: CallOptions | undefined,
    run: (
      group: RankGroup,
      section: RankSection,
      rest: { folder: string } & Omit<TorchConfig, keyof RankSection>,
    ) => Promise<T>,
  ): Promise<T> {
    const before = this.#last;
    const { kind, ranks, rollout, ...section } = TorchConfig.parse(engine);
    const work = (async () => {
      await before.catch(() => {});
      options?.signal?.throwIfAborted();
      const folder = await mkdtemp(join(tmpdir(), 'videocap-torch-'));
      try {
        const group = await this.#groupOf(ranks, options?.signal);
        return await run(group, section, { folder, kind, ranks, rollout });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    })();
    this.#last = work;
    return work;
  }

  async #groupOf(ranks: number, signal: AbortSignal | undefined): Promise<RankGroup> {
    if (this.#group?.ranks === ranks && this.#group.group.isAlive) return this.#group.group;
    this.#stop();
    const group = await RankGroup.start({ ...torchEnvironment(), ranks }, signal);
    this.#group = { ranks, group };
    return group;
  }

  #open(name: string): OpenModel {
    const known = this.#models.get(name);
    if (known) return known;
    const { path, family, vocabulary } = openTorchModel(name);
    const tokenizer = new PolicyTokenizer(path);
    const suppressed = [...tokenizer.suppressed(vocabulary)].flatMap((never, id) => (never ? [id] : []));
    const opened = { path, family, tokenizer, suppressed };
    this.#models.set(name, opened);
    return opened;
  }
}

/** The largest importance weight, for a loss that compares with what was sampled. */
function cap({ learnsFrom }: UpdateRequest['batch'], importanceCap: number | undefined) {
  return importanceCap !== undefined && learnsFrom === 'completions' ? { importanceCap } : {};
}

function excluded({ groups }: CompletionBatch): number {
  return groups.flatMap(({ completions }) => completions).filter(({ advantage }) => advantage === null).length;
}
