import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { AlgorithmSection } from '../algorithms/algorithm.ts';
import { algorithmOf } from '../algorithms/registry.ts';
import { UpdatePolicyInput, UpdatePolicyOutput } from '../contracts/policy.ts';
import { ScoredRollout } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { type OutputForm, Rollout } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import type { NumberGrid } from '../core/grid.ts';
import { readManifest } from '../core/manifest.ts';
import { type Keeping, oldCheckpoints } from '../core/old-checkpoints.ts';
import type { CompletionBatch, NewFile, NotFiniteUpdate, ReferenceBatch, UpdateResult } from '../core/policy-engine.ts';
import { referenceText } from '../core/reference-text.ts';
import type { Shown } from '../core/sample.ts';
import { keyOf } from '../core/store-layout.ts';
import { nextTurn } from '../core/turns.ts';
import { listClips, policyFiles, readShown } from '../policy/engine-inputs.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { PassedSteps } from './passed-steps.ts';

type UpdateDeps = Pick<ActivityDeps, 'store' | 'engine' | 'onProgress' | 'signal'>;

type Input = z.infer<typeof UpdatePolicyInput>;
type Stored<From> = Extract<Input['batch'], { learnsFrom: From }>;

/** One optimiser step: a new checkpoint in the store, and its metrics. */
export function createUpdateActivities({ store, engine, onProgress, signal }: UpdateDeps) {
  async function learn(
    { step, batch, algorithm, engine: section, output, ...input }: Input,
    folder: string,
  ): Promise<UpdateResult | NotFiniteUpdate> {
    const request = {
      engine: section,
      policy: await policyFiles(store, input.policy),
      reference: await policyFiles(store, input.reference),
      step,
      loss: algorithmOf(algorithm).loss,
      algorithm,
      batch:
        batch.learnsFrom === 'completions'
          ? await completionBatch(store, batch)
          : await referenceBatch(store, batch, output),
      folder,
    };
    return engine.update(request, { onProgress, signal: signal?.() });
  }

  /** The policy as it was, under the keys of the step: without optimiser state before the first update. */
  async function keepUnchanged({ runKey, step, policy: { weights, optimizer } }: Input) {
    const [model, state] = checkpointKeys(runKey, step);
    return {
      weights: await store.putCopy(model, weights),
      ...(optimizer && { optimizer: await store.putCopy(state, optimizer) }),
    };
  }

  async function keep({ runKey, step }: Input, { weights, optimizer }: UpdateResult) {
    const [model, state] = checkpointKeys(runKey, step);
    return { weights: await storeFile(store, model, weights), optimizer: await storeFile(store, state, optimizer) };
  }

  async function makeStep(input: Input): Promise<z.infer<typeof UpdatePolicyOutput>> {
    const started = performance.now();
    const folder = await store.storage.scratch();
    try {
      const result = await learn(input, folder);
      const files = 'notFinite' in result ? await keepUnchanged(input) : await keep(input, result);
      return {
        policy: { model: input.policy.model, step: input.step, ...files },
        ...('notFinite' in result
          ? { metrics: { updates: 0 }, notFinite: result.notFinite }
          : { metrics: result.metrics }),
        computedWith: await engine.identity(input.policy.model, input.engine),
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  const passed = new PassedSteps(store);
  return {
    /**
     * Moves the policy by one step. The checkpoint's files come first and the record of the step last, so a step either
     * exists whole or is made again, with the same bytes; so is a checkpoint that was damaged since.
     *
     * An update with a number that is not finite is recorded too: its checkpoint is that of the step before, again.
     *
     * A run that a user reset to an earlier event comes by steps whose checkpoints were removed since. They are not
     * made again where a later one is whole.
     */
    async updatePolicy(rawInput: z.input<typeof UpdatePolicyInput>): Promise<z.infer<typeof UpdatePolicyOutput>> {
      const input = UpdatePolicyInput.parse(rawInput);
      const { runKey, step } = input;
      const made = await passed.output(runKey, step);
      if (made) return made;
      const output = await store.onceJson(keyOf('update', { runKey, step }), UpdatePolicyOutput, () => makeStep(input));
      for (const old of oldCheckpoints(step, keepingOf(input))) {
        const [model, state] = checkpointKeys(runKey, old.step);
        if (old.weights) await store.remove(model);
        await store.remove(state);
      }
      return output;
    },
  };
}

function storeFile(store: ArtifactStore, key: string, file: NewFile): Promise<ArtifactRef> {
  return 'path' in file ? store.putFile(key, file) : store.put(key, file.bytes);
}

/** The groups of a step's rollouts with their frames and advantages, in the order in which they were sampled. */
async function completionBatch(
  store: ArtifactStore,
  { scored, clips: lists, temperature, maxNewTokens }: Stored<'completions'>,
): Promise<CompletionBatch> {
  const all: CompletionBatch['groups'][number][] = [];
  const rollouts = await store.readJson(scored, z.array(ScoredRollout));
  requireAll(lists, rollouts);
  for (const [r, { rollout, advantages }] of rollouts.entries()) {
    const { groups } = await store.readJson(rollout, Rollout);
    requireShape(advantages, groups);
    const clips = await shownBySample(store, lists[r]!);
    for (const [g, { sampleId, completions }] of groups.entries()) {
      all.push({
        ...shownOf(sampleId, clips),
        sampleId,
        completions: completions.map(({ tokenIds, logProbs, policyLogProbs = logProbs }, c) => ({
          tokenIds,
          logProbs: policyLogProbs,
          advantage: advantages[g]![c]!,
        })),
      });
      await nextTurn();
    }
  }
  return { learnsFrom: 'completions', groups: all, temperature, maxLength: maxNewTokens };
}

function requireAll(lists: readonly unknown[], rollouts: readonly unknown[]): void {
  if (lists.length === rollouts.length) return;
  throw new VideocapError(
    'InvalidInput',
    `There are ${lists.length} lists of clips for ${rollouts.length} rollouts; pass one for each.`,
  );
}

function requireShape(advantages: NumberGrid, groups: readonly { completions: readonly unknown[] }[]): void {
  const expected = groups.map(({ completions }) => completions.length);
  const found = advantages.map((group) => group.length);
  if (`${found}` !== `${expected}`)
    throw new VideocapError(
      'InvalidInput',
      `The advantages have groups of [${found}] completions, but the rollout has [${expected}]; pass those of ` +
        'this rollout.',
    );
}

/** The text that the policy learns to write about each clip. */
async function referenceBatch(
  store: ArtifactStore,
  { manifest, clips }: Stored<'references'>,
  form: OutputForm,
): Promise<ReferenceBatch> {
  const { sample } = await readManifest(store, manifest);
  const samples = [...(await shownBySample(store, clips))].map(([sampleId, shown]) => ({
    ...shown,
    sampleId,
    text: referenceText(sample(sampleId), form),
  }));
  return { learnsFrom: 'references', samples };
}

async function shownBySample(store: ArtifactStore, clips: ArtifactRef): Promise<Map<string, Shown>> {
  const shown = new Map<string, Shown>();
  for (const ref of await listClips(store, clips)) shown.set(ref.sampleId, await readShown(store, ref));
  return shown;
}

function shownOf(sampleId: string, clips: ReadonlyMap<string, Shown>): Shown {
  const shown = clips.get(sampleId);
  if (shown) return shown;
  throw new VideocapError(
    'InvalidInput',
    `Sample "${sampleId}" of the rollout is not among the clips; pass the same ones.`,
  );
}

function keepingOf({ keepEvery, keep = [], reference, algorithm }: Input): Keeping {
  const { refreshReferenceEvery = 0 }: AlgorithmSection = algorithm;
  return { keepEvery, keep, refreshReferenceEvery, referenceStep: reference.step };
}

function checkpointKeys(runKey: string, step: number): [weights: string, optimizer: string] {
  return [keyOf('checkpointWeights', { runKey, step }), keyOf('checkpointOptimizer', { runKey, step })];
}
