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

/** A model as this driver needs it. */
interface OpenModel {
  path: string;
  family: string;
  tokenizer: PolicyTokenizer;
  /** Ids of tokens that are never sampled. */
  suppressed: number[];
}

/**
 * PyTorch behind this driver: a group of processes computes, which may die and is replaced at the next call. The driver
 * tokenises, and gives and takes whatever is large as files.
 */
export class TorchEngine implements PolicyEngine {
  readonly #files = new PolicyWeights();
  readonly #models = new Map<string, OpenModel>();
  #group: { ranks: number; group: RankGroup } | undefined;
  /** One request at a time: the end of the last one. */
  #last: Promise<unknown> = Promise.resolve();

  async startPolicy(model: string, options?: CallOptions): Promise<PolicyFiles> {
    torchEnvironment();
    const { path } = this.#open(model);
    return { model: shippedModels().has(model) ? model : path, weights: await this.#files.startWeights(path, options) };
  }

  /** Asks the ranks for their versions and devices; the driver adds its own. */
  async identity(_model: string, engine: ConfigSection): Promise<Identity> {
    return this.#inFolder(engine, undefined, async (group, section) => ({
      engine: 'torch',
      ranks: String(TorchConfig.parse(engine).ranks),
      dtype: section.dtype,
      ...((await group.call('identity', {})) as Identity),
      ...(await machineIdentity()),
    }));
  }

  generate(request: GenerateRequest, options?: CallOptions): Promise<SampledGroup[]> {
    return this.#inFolder(request.engine, options, async (group, section, folder) => {
      const { path, tokenizer, suppressed } = this.#open(request.policy.model);
      const { policy, groupSize, maxNewTokens, sampling, filters } = request;
      const clips = await Promise.all(request.clips.map((clip, i) => writeShown(folder, i, clip, tokenizer)));
      const params = {
        ...{
          engine: section,
          policy: await this.#files.forRanks(policy, path, section, options),
          clips,
          groupSize,
          maxNewTokens,
        },
        ...{ endToken: tokenizer.endToken, suppressed },
        ...(sampling && { sampling }),
        ...(filters && { filters }),
      };
      type Sampled = Omit<SampledText, 'text'>;
      const sampled = (await group.call('generate', params, options)) as { sampleId: string; completions: Sampled[] }[];
      return sampled.map(({ sampleId, completions }) => ({
        sampleId,
        completions: completions.map((one) => ({ text: tokenizer.decode(one.tokenIds), ...one })),
      }));
    });
  }

  update(request: UpdateRequest, options?: CallOptions): Promise<UpdateResult | NotFiniteUpdate> {
    const { scalars, iterations, ratiosToRecorded, optimizer } = lossSettings(request);
    return this.#inFolder(request.engine, options, async (group, section, folder) => {
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
          ...{ groups, loss, scalars, iterations, ratiosToRecorded, folder: request.folder },
          temperature: batch.learnsFrom === 'completions' ? batch.temperature : 1,
          suppressed,
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
    run: (group: RankGroup, section: Omit<TorchConfig, 'kind' | 'ranks'>, folder: string) => Promise<T>,
  ): Promise<T> {
    const before = this.#last;
    const { kind: _, ranks, ...section } = TorchConfig.parse(engine);
    const work = (async () => {
      await before.catch(() => {});
      options?.signal?.throwIfAborted();
      const folder = await mkdtemp(join(tmpdir(), 'videocap-torch-'));
      try {
        return await run(await this.#groupOf(ranks, options?.signal), section, folder);
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

function excluded({ groups }: CompletionBatch): number {
  return groups.flatMap(({ completions }) => completions).filter(({ advantage }) => advantage === null).length;
}
