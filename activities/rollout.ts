import { z } from 'zod';
import {
  CaptionClipsInput,
  CaptionClipsOutput,
  LoadPolicyInput,
  LoadPolicyOutput,
  RolloutGroupsInput,
  RolloutGroupsOutput,
} from '../contracts/policy.ts';
import { CaptionedClip, Group, type OutputForm, parseCompletion, Rollout } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import type { GenerateRequest, PinnedFile } from '../core/policy-engine.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { sha256 } from '../core/sha256.ts';
import { keyOf, parseKey } from '../core/store-layout.ts';
import { keyOfContent, nameIn } from '../core/stored-ref.ts';
import { filtersOf } from '../core/token-filters.ts';
import { captionChoice, listClips, readShown } from '../policy/engine-inputs.ts';
import type { PolicyConfig } from '../policy/policy-config.ts';
import { restoreStartPolicy, storeStartPolicy } from '../policy/start-policy.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { isRecipe, policyFiles, withFiles, withMerged } from './policy-files.ts';

type RolloutDeps = Pick<ActivityDeps, 'store' | 'engine' | 'onProgress' | 'signal' | 'outage'>;

/** Clips in memory at a time. Part of what makes a rollout bit-exact, as are the engine's batches. */
const CLIPS_AT_ONCE = 64;

/** Loads the policy, samples groups, and writes captions for benchmarks. */
export function createRolloutActivities({ store, engine, onProgress, signal, outage }: RolloutDeps) {
  /**
   * Groups of every clip of a list, or of a part of it, in its order. A long list's are stored in slices: a crash in
   * one loses no other.
   */
  async function write(
    { clips, samples }: Pick<z.infer<typeof RolloutGroupsInput>, 'clips' | 'samples'>,
    request: Omit<GenerateRequest, 'clips'>,
    form: OutputForm,
    sliceKey: (from: number) => string,
  ): Promise<Group[]> {
    const all = await listClips(store, clips);
    const refs = samples ? all.slice(samples.from, samples.from + samples.count) : all;
    if (refs.length === 0) throw new VideocapError('InvalidInput', 'The list of clips is empty; ask for at least one.');
    const slice = async (from: number): Promise<Group[]> => {
      const some = refs.slice(from, from + CLIPS_AT_ONCE);
      const loaded = await Promise.all(
        some.map(async (ref) => ({ sampleId: ref.sampleId, ...(await readShown(store, ref)) })),
      );
      const report: RolloutDeps['onProgress'] = ({ done, what }) =>
        onProgress?.({ done: from * request.groupSize + done, total: refs.length * request.groupSize, what });
      const options = { onProgress: report, onOutage: noteOutage(), signal: signal?.() };
      const groups = await engine.generate({ ...request, clips: loaded }, options);
      return groups.map(({ sampleId, completions }, g) => ({
        sampleId,
        prompt: loaded[g]!.prompt,
        completions: completions.map((sampled) => ({ ...sampled, parsed: parseCompletion(sampled.text, form) })),
      }));
    };
    if (refs.length <= CLIPS_AT_ONCE) return slice(0);
    const groups: Group[] = [];
    for (let from = 0; from < refs.length; from += CLIPS_AT_ONCE)
      groups.push(...(await store.onceJson(sliceKey(from), z.array(Group), () => slice(from))));
    return groups;
  }

  const options = () => ({ onProgress, signal: signal?.() });

  async function storeStart({ model, step }: PolicyRef, weights: PinnedFile): Promise<PolicyRef> {
    return { model, step, weights: await store.putFile(keyOf('startWeights', { hash: weights.sha256 }), weights) };
  }

  /**
   * Another run's policy as start weights: rebuilt where it has a recipe; merged where it is an adapter and this run
   * trains all weights.
   */
  async function ownStart(reference: PolicyRef, { model, engine: section }: PolicyConfig): Promise<PolicyRef> {
    const means = { store, engine, options: options() };
    if (isRecipe(reference)) return withFiles(means, reference, ({ weights }) => storeStart(reference, weights));
    const restored = await restoreStartPolicy(store, engine, reference, model, means.options);
    return (await withMerged(means, restored, section, (weights) => storeStart(reference, weights))) ?? restored;
  }

  /**
   * What a start policy writes: every run of it is measured by that first, so it is made once for all. The engine and
   * the machine are part of its name.
   */
  async function shared(madeOf: CaptionedBy, caption: () => Promise<CaptionedClip[]>): Promise<CaptionedClip[]> {
    const { policy, section } = madeOf;
    const computedWith = await engine.identity(policy.model, section);
    const hash = sha256(JSON.stringify({ ...madeOf, computedWith }));
    const captions = await store.putJsonOnce(keyOf('startCaptions', { hash }), caption);
    return store.readJson(captions, z.array(CaptionedClip));
  }

  /** Tells the run that rollout servers do not answer, and once that they do: an attempt before may have waited. */
  function noteOutage(): (why: string | undefined) => void {
    let isAway = true;
    return (why) => {
      if (why !== undefined) outage?.failed?.(why, 'rollout server');
      else if (isAway) outage?.answered();
      isAway = why !== undefined;
    };
  }

  return {
    /**
     * Puts a model's own weights into the store, under their hash, so that every run of it shares them. With
     * `reference`, the start policy of a run that continues, it gives that one back, with its weights restored where
     * they are damaged. Another run's checkpoint is rebuilt or merged, where it has a recipe or is an adapter.
     * @throws VideocapError `InvalidModel`; `CorruptArtifact` when the model has other weights than the damaged ones.
     */
    async loadPolicy(rawInput: z.input<typeof LoadPolicyInput>): Promise<z.infer<typeof LoadPolicyOutput>> {
      const { runKey, policy, reference } = LoadPolicyInput.parse(rawInput);
      return store.onceJson(keyOf('startPolicy', { runKey }), LoadPolicyOutput, async () => {
        if (!reference) return { policy: await storeStartPolicy(store, engine, policy.model, options()) };
        return { policy: await ownStart(reference, policy) };
      });
    },

    /**
     * G sampled completions of every clip. What they are depends on seed, step, round, sample and place in the group,
     * and on the part that the sample is in only by rounding.
     */
    async rolloutGroups(rawInput: z.input<typeof RolloutGroupsInput>): Promise<z.infer<typeof RolloutGroupsOutput>> {
      const input = RolloutGroupsInput.parse(rawInput);
      const { policy, engine: section, clips, samples, seed, output, sampling, ...place } = input;
      return store.onceJson(keyOf('rolloutOutput', place), RolloutGroupsOutput, async () => {
        const started = performance.now();
        const { groupSize, maxNewTokens, temperature } = sampling;
        const { step, round } = place;
        const path = ['rollout', step, ...(round > 0 ? ['round', round] : [])];
        const request = {
          policy: await policyFiles({ store, engine }, policy),
          engine: section,
          groupSize,
          maxNewTokens,
          sampling: { temperature, seed, path },
          filters: filtersOf(sampling),
        };
        const rollout = await store.putJsonOnce(keyOf('rollout', place), async () => ({
          step,
          groups: await write({ clips, samples }, request, output, (from) => keyOf('rolloutSlice', { ...place, from })),
        }));
        const { groups } = await store.readJson(rollout, Rollout);
        const completions = groups.flatMap((group) => group.completions);
        const tokens = completions.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
        return {
          rollout,
          completions: completions.length,
          tokens,
          meanLength: tokens / completions.length,
          truncated: completions.filter(({ truncated }) => truncated).length,
          computedWith: await engine.identity(policy.model, section),
          seconds: (performance.now() - started) / 1000,
        };
      });
    },

    /** One completion of every clip, for benchmarks: of the likeliest tokens, unless `decoding` says otherwise. */
    async captionClips(rawInput: z.input<typeof CaptionClipsInput>): Promise<z.infer<typeof CaptionClipsOutput>> {
      const {
        policy,
        engine: section,
        clips,
        output,
        maxNewTokens,
        decoding,
        seed,
        ...place
      } = CaptionClipsInput.parse(rawInput);
      return store.onceJson(keyOf('captionsOutput', place), CaptionClipsOutput, async () => {
        const started = performance.now();
        const request = {
          policy: await policyFiles({ store, engine }, policy),
          engine: section,
          groupSize: 1,
          maxNewTokens,
          ...captionChoice(decoding, seed),
        };
        const caption = async () => {
          const groups = await write({ clips }, request, output, (from) => keyOf('captionsSlice', { ...place, from }));
          return groups.map(({ sampleId, prompt, completions: [completion] }): CaptionedClip => {
            const { text, tokenIds, parsed } = completion!;
            return { sampleId, ...(prompt !== undefined && { prompt }), text, tokens: tokenIds.length, parsed };
          });
        };
        const captions = await store.putJsonOnce(keyOf('captions', place), () => {
          const madeOf = { policy, section, clips, output, maxNewTokens, decoding, seed };
          return isShared(madeOf) ? shared(madeOf, caption) : caption();
        });
        const computedWith = await engine.identity(policy.model, section);
        return { captions, computedWith, seconds: (performance.now() - started) / 1000 };
      });
    },
  };
}

type CaptionsInput = z.infer<typeof CaptionClipsInput>;
/** All that determines captions, but the engine. */
type CaptionedBy = Pick<CaptionsInput, 'policy' | 'clips' | 'output' | 'maxNewTokens' | 'decoding' | 'seed'> & {
  section: CaptionsInput['engine'];
};

/**
 * Whether runs share what a policy writes: a model's own, computed by the worker. What rollout servers are is known
 * only after they have sampled, since they may be away before.
 */
function isShared({ policy: { weights }, section }: CaptionedBy): boolean {
  const isServed = section.kind === 'torch' && section.rollout.kind === 'vllm';
  return !isServed && parseKey(keyOfContent(nameIn(weights)) ?? '')?.kind === 'startWeights';
}
