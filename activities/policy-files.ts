import { rm } from 'node:fs/promises';
import type { z } from 'zod';
import { algorithmOf } from '../algorithms/registry.ts';
import type { UpdatePolicyInput } from '../contracts/policy.ts';
import { Recipe } from '../contracts/recipe.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type {
  ConfigSection,
  PinnedFile,
  PolicyEngine,
  PolicyFiles,
  ReplayedUpdate,
  UpdateRequest,
} from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf, parseKey } from '../core/store-layout.ts';
import { keyOfContent, nameIn } from '../core/stored-ref.ts';
import type { CallOptions } from '../core/thread-calls.ts';
import { readBatch } from './update-batch.ts';

/** What policies are read with: the store that has them, and the engine that they are for. */
interface Readers {
  store: ArtifactStore;
  engine: PolicyEngine;
}

/** Whether a checkpoint was not written, and its policy is rebuilt by its recipe. */
export function isRecipe({ weights }: Pick<PolicyRef, 'weights'>): boolean {
  return parseKey(keyOfContent(nameIn(weights)) ?? '')?.kind === 'recipe';
}

/** A policy by its files, where those that follow its recipe are stored. */
export async function byFiles(store: ArtifactStore, policy: PolicyRef): Promise<PolicyRef> {
  const [weights, optimizer] = (isRecipe(policy) && (await store.standIns(policy.weights))) || [];
  return weights && optimizer ? { ...policy, weights, optimizer } : policy;
}

/**
 * Local copies of a policy's files, for an engine that knows no artifact store; of one with a recipe, those of the
 * checkpoint that it is rebuilt from, and the updates that lead on from there.
 * @throws VideocapError `CorruptArtifact` when one is gone; `InvalidInput` for a recipe of another engine.
 */
export async function policyFiles({ store, engine }: Readers, policy: PolicyRef): Promise<PolicyFiles> {
  const { base, recipes } = await chainOf(store, policy);
  const { model, weights, optimizer } = base;
  const last = recipes.at(-1);
  if (last && !engine.rebuild) throw otherEngine(last, base.step);
  const local = { path: await store.localCopy(weights), sha256: weights.sha256 };
  const adapted = await engine.baseOf?.(local);
  const adaptedRef = adapted === undefined ? undefined : await store.find(keyOf('startWeights', { hash: adapted }));
  return {
    model,
    weights: local,
    ...(adaptedRef && { base: { path: await store.localCopy(adaptedRef), sha256: adaptedRef.sha256 } }),
    ...(optimizer && { optimizer: { path: await store.localCopy(optimizer), sha256: optimizer.sha256 } }),
    ...(last && { replay: recipes.map((recipe) => replayed({ store, engine }, recipe)) }),
  };
}

/** The step of the checkpoint with files that a policy is, or is rebuilt from. */
export async function rootOf(store: ArtifactStore, policy: PolicyRef): Promise<number> {
  return (await chainOf(store, policy)).base.step;
}

/** The same of a run's policy after a step. */
export async function rootAfter(store: ArtifactStore, runKey: string, step: number): Promise<number> {
  const weights = step > 0 ? await store.find(keyOf('recipe', { runKey, step })) : undefined;
  return weights ? rootOf(store, { model: '', step, weights }) : step;
}

/** What an update is asked with, read from the store, without the policy that it begins with. */
export async function updateRequest(
  { store, engine: driver }: Readers,
  input: Pick<z.infer<typeof UpdatePolicyInput>, 'reference' | 'engine' | 'step' | 'algorithm' | 'batch' | 'output'>,
): Promise<Omit<UpdateRequest, 'policy' | 'folder'>> {
  const { reference, engine, step, algorithm } = input;
  return {
    ...{ engine, step, algorithm },
    reference: await policyFiles({ store, engine: driver }, reference),
    loss: algorithmOf(algorithm).loss,
    batch: await readBatch(store, input),
  };
}

interface Rebuilding extends Readers {
  options?: CallOptions;
}

/** Does something with a policy's files. Those of a policy with a recipe are rebuilt first, and removed afterwards. */
export async function withFiles<T>(
  { store, engine, options }: Rebuilding,
  policy: PolicyRef,
  use: (files: PolicyFiles) => Promise<T>,
): Promise<T> {
  const files = await policyFiles({ store, engine }, policy);
  if (!files.replay) return use(files);
  const folder = await store.storage.scratch();
  try {
    const whole = await engine.rebuild!(files, folder, options);
    return await use({ model: files.model, ...whole });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Does something with whole weights, where a policy's are an adapter and the section trains all weights. */
export async function withMerged<T>(
  { store, engine, options }: Rebuilding,
  policy: PolicyRef,
  section: ConfigSection,
  use: (weights: PinnedFile) => Promise<T>,
): Promise<T | undefined> {
  if (!engine.merged) return undefined;
  const folder = await store.storage.scratch();
  try {
    const weights = await engine.merged(await policyFiles({ store, engine }, policy), section, folder, options);
    return weights && (await use(weights));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The checkpoint with files, and the recipes that lead on from there, in their order. */
async function chainOf(store: ArtifactStore, policy: PolicyRef): Promise<{ base: PolicyRef; recipes: Recipe[] }> {
  const recipes: Recipe[] = [];
  let base = await byFiles(store, policy);
  while (isRecipe(base)) {
    const recipe = await store.readJson(base.weights, Recipe);
    recipes.unshift(recipe);
    base = await byFiles(store, recipe.update.policy);
  }
  return { base, recipes };
}

function replayed(readers: Readers, { update, digest }: Recipe): ReplayedUpdate {
  const { runKey, step, engine } = update;
  return { runKey, step, engine, digest, request: () => updateRequest(readers, update) };
}

function otherEngine({ update: { runKey, step, engine } }: Recipe, filesAt: number): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `Step ${step} of run ${runKey} has a recipe in place of a checkpoint's files, which only the engine ` +
      `"${engine.kind}" can follow; go on from step ${filesAt}, whose checkpoint has files.`,
  );
}
