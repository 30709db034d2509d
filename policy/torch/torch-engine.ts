import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AlgorithmSection } from '../../algorithms/algorithm.ts';
import { refreshesReference } from '../../algorithms/reference-refresh.ts';
import type { SampledText } from '../../core/completion.ts';
import { VideocapError } from '../../core/errors.ts';
import type { Identity } from '../../core/identity.ts';
import { machineIdentity } from '../../core/machine.ts';
import type {
  Checkpoint,
  ConfigSection,
  DigestedUpdate,
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
import { readFixedFiles } from '../model/fixed-files.ts';
import { shippedModels } from '../model/model-path.ts';
import { PolicyTokenizer } from '../model/tokenizer.ts';
import { adapterIn } from './adapter.ts';
import { exportedWeights, exportWeights } from './export-files.ts';
import { lossSettings } from './learnt-batch.ts';
import { modelCard } from './model-card.ts';
import { PolicyWeights, type RankFiles } from './policy-weights.ts';
import { isSameSection, RankService } from './rank-service.ts';
import { rankUpdate } from './rank-update.ts';
import { type Held, type ReplayingRanks, replayed } from './replay.ts';
import { writeShown } from './shown-files.ts';
import { TorchConfig } from './torch-config.ts';
import { torchEnvironment } from './torch-environment.ts';
import { openTorchModel, patchesOf, type TorchModel } from './torch-model.ts';
import { Trainer } from './vllm/trainer.ts';
import { type RolloutMeans, type ServedRequest, VllmRollouts } from './vllm/vllm-rollouts.ts';
import { readManifest } from './weights-manifest.ts';

/** A model as this driver needs it. */
interface OpenModel {
  path: string;
  family: TorchModel['family'];
  tokenizer: PolicyTokenizer;
  /** Ids of tokens that are never sampled. */
  suppressed: number[];
}

type Kept = 'files' | 'digest' | 'both';

/** A piece of work: the section that it is for, and its own folder. */
interface Work {
  engine: ConfigSection;
  folder: string;
  options: CallOptions;
}

/**
 * PyTorch behind this driver: a group of processes computes, which may die and is replaced at the next call. The driver
 * tokenises, and gives and takes whatever is large as files.
 */
export class TorchEngine implements PolicyEngine {
  readonly #files = new PolicyWeights();
  readonly #models = new Map<string, OpenModel>();
  readonly #ranks = new RankService();
  readonly #servers: VllmRollouts;

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
    const { ranks, dtype, rollout } = TorchConfig.parse(engine);
    return this.#ranks.alone(undefined, async () => ({
      ...{ engine: 'torch', ranks: String(ranks), dtype },
      ...((await this.#ranks.call(engine, 'identity', {})) as Identity),
      ...(rollout.kind === 'vllm' && { vllm: await this.#servers.version(rollout) }),
      ...(await machineIdentity()),
    }));
  }

  generate(request: GenerateRequest, options: GenerateOptions = {}): Promise<SampledGroup[]> {
    const { engine, groupSize, maxNewTokens, sampling, filters } = request;
    const { rollout } = TorchConfig.parse(engine);
    return this.#ranks.alone(options, async (folder) => {
      const { tokenizer, suppressed } = this.#open(request.policy.model);
      const work = { engine, folder, options };
      const policy = await this.#filesOf(request.policy, work);
      const files = await Promise.all(request.clips.map((clip, i) => writeShown(folder, i, clip, tokenizer)));
      const choosing = { groupSize, maxNewTokens, ...(sampling && { sampling }), ...(filters && { filters }) };
      let sampled: Omit<SampledText, 'text'>[][];
      if (rollout.kind === 'vllm') {
        const clips = request.clips.map((clip, i) => ({ ...clip, file: files[i]! }));
        sampled = await this.#served({ ...choosing, clips }, rollout, policy, { ...work, model: request.policy.model });
      } else {
        const params = { policy, clips: files, ...choosing, endToken: tokenizer.endToken, suppressed };
        const groups = await this.#ranks.call(engine, 'generate', params, options);
        sampled = (groups as { completions: Omit<SampledText, 'text'>[] }[]).map(({ completions }) => completions);
      }
      return request.clips.map(({ sampleId }, g) => ({
        sampleId,
        completions: sampled[g]!.map((one) => ({ text: tokenizer.decode(one.tokenIds), ...one })),
      }));
    });
  }

  async update(
    request: UpdateRequest,
    options: CallOptions = {},
  ): Promise<UpdateResult | DigestedUpdate | NotFiniteUpdate> {
    lossSettings(request); // what is wrong is said before anything is started
    return this.#ranks.alone(options, async (folder) => {
      const work = { engine: request.engine, folder, options };
      const policy = await this.#filesOf(request.policy, work);
      const kept = keptOf(request);
      const found = await this.#learn(request, policy, work, kept);
      if (kept !== 'both' || !('digest' in found)) return found;
      const files = this.#ranks.filesIn(request.folder);
      files.catch(() => {}); // the next update, which waits for them, sees the failure
      return { ...found, files };
    });
  }

  async rebuild(policy: PolicyFiles, folder: string, options: CallOptions = {}): Promise<Checkpoint<PinnedFile>> {
    const { engine } = policy.replay!.at(-1)!;
    return this.#ranks.alone(options, async (own) => {
      const files = await this.#filesOf(policy, { engine, folder: own, options });
      return this.#write(engine, files, folder, options);
    });
  }

  async baseOf({ path }: PinnedFile): Promise<string | undefined> {
    return (await readManifest(path)) ? undefined : (await adapterIn(path))?.base;
  }

  async merged(
    policy: PolicyFiles,
    engine: ConfigSection,
    folder: string,
    options: CallOptions = {},
  ): Promise<PinnedFile | undefined> {
    if (TorchConfig.parse(engine).lora || (await this.baseOf(policy.weights)) === undefined) return undefined;
    return this.#ranks.alone(options, async (own) => {
      // The moments are of adapters, which this section has none of.
      const { optimizer: _, ...adapted } = await this.#filesOf(policy, { engine, folder: own, options });
      const { weights } = await this.#write(engine, adapted, folder, options, { onlyWeights: true });
      return weights;
    });
  }

  /** An adapter of other weights than the model's own has these beside it, in `base`. */
  async exportModel({ model, weights, base }: PolicyFiles, folder: string, origin: PolicyOrigin): Promise<void> {
    const { path, family } = this.#open(model);
    const fixed = async (to: string) => {
      for (const [name, bytes] of readFixedFiles(path)) await writeFile(join(to, name), bytes);
    };
    await fixed(folder);
    const adapted = await this.baseOf(weights);
    const isOther = adapted !== undefined && adapted !== (await this.#files.startWeights(path)).sha256;
    if (isOther) {
      if (base?.sha256 !== adapted)
        throw new VideocapError(
          'CorruptArtifact',
          `The weights ${adapted} of the exported adapter are gone; restore them.`,
        );
      await mkdir(join(folder, 'base'));
      await fixed(join(folder, 'base'));
      await exportWeights(base.path, path, join(folder, 'base'));
    }
    const adapter = await exportWeights(weights.path, isOther ? './base' : path, folder);
    const card = modelCard({ ...origin, base: model, family, isAdapter: adapter !== undefined });
    await writeFile(join(folder, 'README.md'), card);
  }

  exportedWeights(folder: string): Promise<string | undefined> {
    return exportedWeights(folder);
  }

  async close(): Promise<void> {
    this.#ranks.close();
    await this.#files.close();
  }

  /** A policy as the ranks take it. Updates that lead to it are made again, unless they hold it. */
  async #filesOf(policy: PolicyFiles, work: Work): Promise<RankFiles> {
    const at = policy.replay
      ? await replayed(policy, work.engine, this.#replaying(policy.model, work), isSameSection)
      : policy;
    return this.#asRankFiles(policy.model, at, work);
  }

  async #asRankFiles(model: string, at: PolicyFiles | Held, { engine, options }: Work): Promise<RankFiles> {
    if (!('digest' in at)) return this.#files.forRanks(at, this.#open(model).path, TorchConfig.parse(engine), options);
    const inMemory = { path: '', sha256: at.digest };
    return { model: this.#open(model).path, weights: inMemory, optimizer: inMemory };
  }

  /** Completions by servers. They load files: weights that the ranks hold in memory alone are written for them. */
  async #served(
    asked: Pick<ServedRequest, 'clips' | 'groupSize' | 'maxNewTokens' | 'sampling' | 'filters'>,
    config: ServedRequest['config'],
    policy: RankFiles,
    { model, engine, folder, options }: Work & { model: string },
  ): Promise<Omit<SampledText, 'text'>[][]> {
    const { path, family, tokenizer, suppressed } = this.#open(model);
    const isInMemory = policy.weights.path === '';
    const files = isInMemory ? await this.#write(engine, policy, folder, options, { onlyWeights: true }) : undefined;
    const trainer = new Trainer((method, params) => this.#ranks.call(engine, method, params, options));
    return this.#servers.generate(
      {
        ...{ ...asked, config, dtype: TorchConfig.parse(engine).dtype, family, tokenizer, suppressed, trainer },
        policy: isInMemory ? { model: policy.model, ...files! } : policy,
        patches: () => patchesOf(path),
        base: policy.base ?? (await this.#files.startWeights(path, options)),
        writeClip: (clip) => writeShown(folder, asked.clips.length, clip, tokenizer),
      },
      options,
    );
  }

  #replaying(model: string, { folder, options }: Work): ReplayingRanks {
    return {
      held: () => this.#ranks.held(options),
      update: async ({ step, engine, request }, policy) => {
        const onProgress: CallOptions['onProgress'] = ({ what, ...progress }) =>
          options.onProgress?.({ ...progress, what: `${what}, step ${step} again` });
        const work = { engine, folder, options: { ...options, onProgress } };
        const files = await this.#asRankFiles(model, policy, work);
        return this.#learn({ ...(await request()), folder }, files, work, 'digest') as Promise<
          DigestedUpdate | NotFiniteUpdate
        >;
      },
      write: async (held) => {
        const work = { engine: held.engine, folder, options };
        const files = await this.#asRankFiles(model, held, work);
        const written = await this.#write(held.engine, files, await mkdtemp(join(folder, 'policy-')), options);
        return { model, ...written };
      },
    };
  }

  async #write(engine: ConfigSection, policy: RankFiles, folder: string, options: CallOptions, more: object = {}) {
    return (await this.#ranks.call(engine, 'rebuild', { policy, folder, ...more }, options)) as Checkpoint<PinnedFile>;
  }

  /** @param keep as `Update` of `workers/torch/videocap_torch/engine/messages.py` has it. */
  async #learn(
    request: Omit<UpdateRequest, 'policy'>,
    policy: RankFiles,
    work: Work,
    keep: Kept,
  ): Promise<UpdateResult | DigestedUpdate | NotFiniteUpdate> {
    const { model } = request.reference;
    const reference = await this.#filesOf(request.reference, work);
    const { params, metrics } = await rankUpdate(request, work.folder, this.#open(model));
    const asked = { ...params, policy, reference, keep };
    const answer = (await this.#ranks.call(work.engine, 'update', asked, work.options)) as
      | NotFiniteUpdate
      | DigestedUpdate
      | UpdateResult;
    return 'notFinite' in answer ? answer : { ...answer, metrics: { ...answer.metrics, ...metrics } };
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

/**
 * What the ranks make of the checkpoint after a step. Where it has files, they follow the digest, unless they are of
 * adapters, which are small, or are read next: as the reference policy, or for the export.
 */
function keptOf({ engine, step, algorithm }: Pick<UpdateRequest, 'engine' | 'step' | 'algorithm'>): Kept {
  const { lora, checkpointEvery } = TorchConfig.parse(engine);
  const section = algorithm as unknown as AlgorithmSection;
  if (lora || checkpointEvery === 1 || refreshesReference(step, section)) return 'files';
  if (step % checkpointEvery > 0) return 'digest';
  return step === section.steps ? 'files' : 'both';
}
