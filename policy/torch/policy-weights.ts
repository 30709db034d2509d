import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import type { PinnedFile, PolicyFiles } from '../../core/policy-engine.ts';
import type { CallOptions } from '../../core/thread-calls.ts';
import { adapterIn } from './adapter.ts';
import { startWeights } from './start-weights.ts';
import type { TorchConfig } from './torch-config.ts';
import { HashedFiles, manifestHash, manifestText, readManifest, requireUnchanged } from './weights-manifest.ts';

/** A policy as the ranks open it. */
export interface RankFiles extends PolicyFiles {
  /** With adapters: the weights that they belong to, and before the first update the policy's own. */
  base?: PinnedFile;
}

/** The weights of policies, as files that the ranks open. Remembers the hashes of a model folder's large files. */
export class PolicyWeights {
  readonly #hashes = new HashedFiles();
  /** Where manifests lie, by hash. */
  #folder: Promise<string> | undefined;

  /** A model's own weights. Throws as `startWeights`. */
  async startWeights(folder: string, options?: CallOptions): Promise<PinnedFile> {
    const weights = await startWeights(folder, this.#hashes, options);
    if (!('files' in weights)) return weights;
    this.#folder ??= mkdtemp(join(tmpdir(), 'videocap-manifests-'));
    const hash = manifestHash(weights);
    const path = join(await this.#folder, `${hash}.json`);
    await writeFile(path, manifestText(weights));
    return { path, sha256: hash };
  }

  /**
   * @throws VideocapError `CorruptArtifact` when the model's folder has other files than the run began with;
   * also when the weights that an adapter belongs to are gone.
   */
  async forRanks(
    policy: PolicyFiles,
    folder: string,
    { lora }: Pick<TorchConfig, 'lora'>,
    options?: CallOptions,
  ): Promise<RankFiles> {
    const manifest = await readManifest(policy.weights.path);
    if (manifest) await requireUnchanged(folder, manifest, this.#hashes, options);
    const files = { ...policy, model: folder };
    const adapter = manifest ? undefined : await adapterIn(policy.weights.path);
    // Adapters begin at whole weights, and change nothing of them.
    if (!adapter) return lora ? { ...files, base: policy.weights } : files;
    return { ...files, base: await this.#baseOf(policy, adapter.base, folder, options) };
  }

  /** The weights that an adapter belongs to: another run's, or those of the model's folder. */
  async #baseOf(
    { base }: PolicyFiles,
    wanted: string,
    folder: string,
    options: CallOptions | undefined,
  ): Promise<PinnedFile> {
    const found = base?.sha256 === wanted ? base : await this.startWeights(folder, options);
    if (found.sha256 !== wanted)
      throw new VideocapError(
        'CorruptArtifact',
        `The policy is an adapter of weights that hash to ${wanted}, which are neither in the store nor those of ` +
          `${folder}, which hash to ${found.sha256}; restore them.`,
      );
    const manifest = await readManifest(found.path);
    if (manifest) await requireUnchanged(folder, manifest, this.#hashes, options);
    return found;
  }

  async close(): Promise<void> {
    const folder = await this.#folder;
    this.#folder = undefined;
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}
