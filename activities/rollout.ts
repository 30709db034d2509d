import { z } from 'zod';
import {
  CaptionClipsInput,
  CaptionClipsOutput,
  type CaptionedClip,
  LoadPolicyInput,
  LoadPolicyOutput,
  RolloutGroupsInput,
  RolloutGroupsOutput,
} from '../contracts/stages.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { Group, Rollout } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import type { PolicyEngine } from '../policy/onnx/engine/engine.ts';
import type { GenerateRequest } from '../policy/onnx/engine/engine-messages.ts';
import { openModelFolder } from '../policy/onnx/model/model-folder.ts';
import { policyFiles } from '../policy/policy-files.ts';
import { listClips, readFrames } from '../policy/read-clips.ts';
import { storeWeights } from '../policy/store-weights.ts';

export interface RolloutDeps {
  store: ArtifactStore;
  engine: PolicyEngine;
  onProgress?: (progress: { done: number; total: number; what: string }) => void;
  signal?: () => AbortSignal | undefined;
}

/** Clips in memory at a time. Part of what makes a rollout bit-exact, as are the engine's batches. */
const CLIPS_AT_ONCE = 64;

/** The policy's start and its voice: base weights into the store, sampled groups, greedy captions. */
export function createRolloutActivities({ store, engine, onProgress, signal }: RolloutDeps) {
  /** Groups of every clip of a list, in its order. A long list's are kept part by part: who dies in the tenth loses no other. */
  async function write(
    clips: ArtifactRef,
    request: Omit<GenerateRequest, 'kind' | 'clips'>,
    key: string,
  ): Promise<Group[]> {
    const refs = await listClips(store, clips);
    if (refs.length === 0) throw new VideocapError('InvalidInput', 'The list of clips is empty; ask for at least one.');
    const part = async (from: number): Promise<Group[]> => {
      const some = refs.slice(from, from + CLIPS_AT_ONCE);
      const loaded = await Promise.all(
        some.map(async (ref) => ({ sampleId: ref.sampleId, frames: await readFrames(store, ref) })),
      );
      const report: RolloutDeps['onProgress'] = ({ done, what }) =>
        onProgress?.({ done: from * request.groupSize + done, total: refs.length * request.groupSize, what });
      return engine.generate({ ...request, clips: loaded }, { onProgress: report, signal: signal?.() });
    };
    if (refs.length <= CLIPS_AT_ONCE) return part(0);
    const groups: Group[] = [];
    for (let from = 0; from < refs.length; from += CLIPS_AT_ONCE)
      groups.push(...(await store.onceJson(`${key}-from-${from}.json`, z.array(Group), () => part(from))));
    return groups;
  }

  return {
    /** Puts a model's own weights into the store, under their hash, so that every run of it shares them. */
    async loadPolicy(rawInput: z.input<typeof LoadPolicyInput>): Promise<z.infer<typeof LoadPolicyOutput>> {
      const { runKey, policy } = LoadPolicyInput.parse(rawInput);
      return store.onceJson(`runs/${runKey}/load-policy.json`, LoadPolicyOutput, async () => {
        const folder = openModelFolder(policy.model);
        const weights = await storeWeights(store, folder);
        return { policy: { model: folder.name, step: 0, weights }, parameters: folder.parameterCount };
      });
    },

    /** G sampled completions of every clip. What they are depends on seed, step, sample and place in the group. */
    async rolloutGroups(rawInput: z.input<typeof RolloutGroupsInput>): Promise<z.infer<typeof RolloutGroupsOutput>> {
      const { runKey, step, policy, threads, clips, seed, ...input } = RolloutGroupsInput.parse(rawInput);
      const { groupSize, maxNewTokens, temperature } = input.sampling;
      return store.onceJson(`${stepFolder(runKey, step)}/rollout-groups.json`, RolloutGroupsOutput, async () => {
        const started = performance.now();
        const request = { policy: await policyFiles(store, policy), threads, groupSize, maxNewTokens };
        const sampling = { temperature, seed, step };
        const key = `${stepFolder(runKey, step)}/rollout`;
        const rollout = await store.putJsonOnce(`${key}.json`, async () => ({
          step,
          groups: await write(clips, { ...request, sampling }, key),
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
          seconds: (performance.now() - started) / 1000,
        };
      });
    },

    /** The likeliest completion of every clip, token by token: for benchmarks. */
    async captionClips(rawInput: z.input<typeof CaptionClipsInput>): Promise<z.infer<typeof CaptionClipsOutput>> {
      const { runKey, step, policy, threads, clips, maxNewTokens, part } = CaptionClipsInput.parse(rawInput);
      const suffix = part === undefined ? '' : `-${part}`;
      return store.onceJson(`${stepFolder(runKey, step)}/caption-clips${suffix}.json`, CaptionClipsOutput, async () => {
        const started = performance.now();
        const files = await policyFiles(store, policy);
        const request = { policy: files, threads, groupSize: 1, maxNewTokens };
        const key = `${stepFolder(runKey, step)}/captions${suffix}`;
        const captions = await store.putJsonOnce(`${key}.json`, async () => {
          const groups = await write(clips, request, key);
          return groups.map(
            ({ sampleId, completions: [completion] }): CaptionedClip => ({
              sampleId,
              text: completion!.text,
              tokens: completion!.tokenIds.length,
            }),
          );
        });
        return { captions, seconds: (performance.now() - started) / 1000 };
      });
    },
  };
}

function stepFolder(runKey: string, step: number): string {
  return `runs/${runKey}/step-${String(step).padStart(6, '0')}`;
}
