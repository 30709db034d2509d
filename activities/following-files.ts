import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Recipe } from '../contracts/recipe.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { Checkpoint, NewFile, PinnedFile, PolicyEngine } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf, parseKey } from '../core/store-layout.ts';
import { keyOfContent, nameIn } from '../core/stored-ref.ts';
import type { CallOptions } from '../core/thread-calls.ts';
import { byFiles, isRecipe, withFiles } from './policy-files.ts';

/** Files that an engine writes beside what it does next. */
interface Following {
  files: Promise<Checkpoint<PinnedFile>>;
  folder: string;
  /** Whether they will not come. */
  failed: boolean;
}

/**
 * Checkpoints that were recorded by their recipes, and whose files are still being written. The files are stored when
 * the next step is made, by the attempt that makes it; a process that dies before that loses them, and they are made
 * again from the recipe.
 */
export class FollowingFiles {
  readonly #following = new Map<string, Following>();

  /** @param recipe of the checkpoint. @param folder is taken over: it is removed once the files are stored or lost. */
  async expect({ uri }: ArtifactRef, files: Promise<Checkpoint<PinnedFile>>, folder: string): Promise<void> {
    await this.#forget(uri);
    const following = { files, folder, failed: false };
    files.catch(() => {
      following.failed = true;
    });
    this.#following.set(uri, following);
  }

  /** Whether files of this recipe are on their way. */
  has({ uri }: ArtifactRef): boolean {
    return this.#following.has(uri);
  }

  /** A policy whose files, if it is to have any, are stored or on their way: those that were lost are made again. */
  async restored(
    { store, engine, options }: { store: ArtifactStore; engine: PolicyEngine; options: CallOptions },
    ref: PolicyRef,
  ): Promise<PolicyRef> {
    const policy = await byFiles(store, ref);
    if (!isRecipe(policy)) return policy;
    const following = this.#following.get(policy.weights.uri);
    if (following && !isLost(following)) return policy;
    await this.#forget(policy.weights.uri);
    if (!(await store.readJson(policy.weights, Recipe)).filesFollow) return policy;
    await withFiles({ store, engine, options }, policy, ({ weights, optimizer }) =>
      put(store, policy, { weights, optimizer: optimizer! }),
    );
    return byFiles(store, policy);
  }

  /**
   * A policy with its files stored, where they were on their way.
   * @throws VideocapError `Unavailable` where they are lost: `restored` makes them again.
   */
  async stored(store: ArtifactStore, policy: PolicyRef): Promise<PolicyRef> {
    const { uri } = policy.weights;
    const following = this.#following.get(uri);
    if (!following) return policy;
    const files = await following.files;
    if (isLost(following)) throw new VideocapError('Unavailable', `Files in ${following.folder} were removed.`);
    await put(store, policy, files);
    await this.#forget(uri);
    return byFiles(store, policy);
  }

  async #forget(uri: string): Promise<void> {
    const following = this.#following.get(uri);
    this.#following.delete(uri);
    if (following) await rm(following.folder, { recursive: true, force: true });
  }
}

/** `videocap gc` removes what has not been stored for long, as where a run was paused before its next step. */
function isLost({ failed, folder }: Following): boolean {
  return failed || !existsSync(folder);
}

const known = new WeakMap<PolicyEngine, FollowingFiles>();

/** What an engine of this process is writing. */
export function followingFilesOf(engine: PolicyEngine): FollowingFiles {
  const found = known.get(engine) ?? new FollowingFiles();
  known.set(engine, found);
  return found;
}

/** Stores files under the keys of a step. */
export async function storeCheckpoint(
  store: ArtifactStore,
  { runKey, step }: { runKey: string; step: number },
  { weights, optimizer }: Checkpoint,
): Promise<Required<Pick<PolicyRef, 'weights' | 'optimizer'>>> {
  const stored = (key: string, file: NewFile) =>
    'path' in file ? store.putFile(key, file) : store.put(key, file.bytes);
  return {
    weights: await stored(keyOf('checkpointWeights', { runKey, step }), weights),
    optimizer: await stored(keyOf('checkpointOptimizer', { runKey, step }), optimizer),
  };
}

/** Stores the files of a policy beside its recipe. */
async function put(store: ArtifactStore, { weights }: PolicyRef, files: Checkpoint): Promise<void> {
  const place = parseKey(keyOfContent(nameIn(weights))!);
  if (place?.kind !== 'recipe') throw new Error(`${weights.uri} is no recipe.`);
  await storeCheckpoint(store, place.parts, files);
}
