import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import type { PinnedFile, PolicyFiles } from '../../core/policy-engine.ts';
import type { CallOptions } from '../../core/thread-calls.ts';
import { baseOfAdapter } from './adapter.ts';
import { startWeights } from './start-weights.ts';
import type { TorchConfig } from './torch-config.ts';
import { HashedFiles, manifestHash, manifestText, readManifest, requireUnchanged } from './weights-manifest.ts';

/** A policy as the ranks open it. */
export interface RankFiles extends PolicyFiles {
  /** With adapters: the weights that they belong to. */
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
   * `InvalidInput` when adapters belong to other weights than the folder's.
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
    if (!lora) return files;
    const base = await this.startWeights(folder, options);
    const wanted = manifest ? policy.weights.sha256 : await baseOfAdapter(policy.weights);
    if (wanted === base.sha256) return { ...files, base };
    throw new VideocapError(
      'InvalidInput',
      `Adapters (policy.engine.lora) belong to a model's own weights, but those of ${folder} hash to ${base.sha256}, ` +
        `and the policy began with ${wanted}; export that policy, and set policy.model to the exported folder.`,
    );
  }

  async close(): Promise<void> {
    const folder = await this.#folder;
    this.#folder = undefined;
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}
