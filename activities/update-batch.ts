import { z } from 'zod';
import type { UpdatePolicyInput } from '../contracts/policy.ts';
import { ScoredRollout } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { type OutputForm, Rollout } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import type { NumberGrid } from '../core/grid.ts';
import { readManifest } from '../core/manifest.ts';
import type { CompletionBatch, ReferenceBatch } from '../core/policy-engine.ts';
import { referenceText } from '../core/reference-text.ts';
import type { Shown } from '../core/sample.ts';
import { nextTurn } from '../core/turns.ts';
import { listClips, readShown } from '../policy/engine-inputs.ts';

type Batch = z.infer<typeof UpdatePolicyInput>['batch'];
type Stored<From> = Extract<Batch, { learnsFrom: From }>;

/** What an update learns from, read from the store. */
export function readBatch(
  store: ArtifactStore,
  { batch, output }: { batch: Batch; output: OutputForm },
): Promise<CompletionBatch | ReferenceBatch> {
  return batch.learnsFrom === 'completions' ? completionBatch(store, batch) : referenceBatch(store, batch, output);
}

/** The groups of a step's rollouts with their frames and advantages, in the order in which they were sampled. */
async function completionBatch(
  store: ArtifactStore,
  { scored, clips: lists, temperature, maxNewTokens }: Stored<'completions'>,
): Promise<CompletionBatch> {
  const all: CompletionBatch['groups'][number][] = [];
  const known = new Map<string, Map<string, Shown>>(); // the parts of a round share a list
  const rollouts = await store.readJson(scored, z.array(ScoredRollout));
  requireAll(lists, rollouts);
  for (const [r, { rollout, advantages }] of rollouts.entries()) {
    const { groups } = await store.readJson(rollout, Rollout);
    requireShape(advantages, groups);
    const clips = known.get(lists[r]!.uri) ?? (await shownBySample(store, lists[r]!));
    known.set(lists[r]!.uri, clips);
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
