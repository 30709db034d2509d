import type { z } from 'zod';
import { type Rewards, UpdatePolicyInput, UpdatePolicyOutput } from '../contracts/stages.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { Rollout } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import { readManifest } from '../core/manifest.ts';
import { type Sample, structuredCompletion } from '../core/sample.ts';
import type { PolicyEngine } from '../policy/onnx/engine/engine.ts';
import type { GrpoRequest, UpdateResult } from '../policy/onnx/engine/engine-messages.ts';
import type { Frames } from '../policy/onnx/model/video-processor.ts';
import { policyFiles } from '../policy/policy-files.ts';
import { listClips, readFrames } from '../policy/read-clips.ts';

export interface UpdateDeps {
  store: ArtifactStore;
  engine: PolicyEngine;
  onProgress?: (progress: { done: number; total: number; what: string }) => void;
  signal?: () => AbortSignal | undefined;
}

type Input = z.infer<typeof UpdatePolicyInput>;
type GrpoInput = Extract<Input['batch'], { method: 'grpo' }>;
type SftInput = Extract<Input['batch'], { method: 'sft' }>;

/** One optimiser step: a new checkpoint in the store, and what there is to say about it. */
export function createUpdateActivities({ store, engine, onProgress, signal }: UpdateDeps) {
  async function learn(input: Input): Promise<UpdateResult> {
    const { step, threads, batch } = input;
    const policy = await policyFiles(store, input.policy);
    const clips = new Map<string, Frames>();
    for (const ref of await listClips(store, input.clips)) clips.set(ref.sampleId, await readFrames(store, ref));
    const options = { onProgress, signal: signal?.() };
    if (batch.method === 'sft') {
      const samples = await references(store, batch, clips);
      return engine.sft({ policy, threads, step, sft: batch.sft, samples }, options);
    }
    const groups = await rewardedGroups(store, batch, clips);
    const { grpo, temperature, maxNewTokens: maxLength } = batch;
    const reference = await policyFiles(store, input.reference);
    return engine.grpo({ policy, reference, threads, step, grpo, groups, temperature, maxLength }, options);
  }

  return {
    /**
     * Moves the policy by one step. The checkpoint's files come first and the record of the step last, so a step either
     * exists whole or is made again, with the same bytes; so is a checkpoint that was damaged since.
     */
    async updatePolicy(rawInput: z.input<typeof UpdatePolicyInput>): Promise<z.infer<typeof UpdatePolicyOutput>> {
      const input = UpdatePolicyInput.parse(rawInput);
      const { runKey, step, keepEvery } = input;
      const output = await store.onceJson(updateKey(runKey, step), UpdatePolicyOutput, async () => {
        const started = performance.now();
        const { weights, optimizer, metrics } = await learn(input);
        const [model, state] = checkpointKeys(runKey, step);
        return {
          policy: {
            model: input.policy.model,
            step,
            weights: await store.put(model, weights),
            optimizer: await store.put(state, optimizer),
          },
          metrics,
          seconds: (performance.now() - started) / 1000,
        };
      });
      const old = step - 2;
      if (old > 0 && !(keepEvery > 0 && old % keepEvery === 0))
        for (const key of checkpointKeys(runKey, old)) await store.remove(key);
      return output;
    },
  };
}

/** Where it is kept that a run has made a step. */
export function updateKey(runKey: string, step: number): string {
  return `runs/${runKey}/step-${stepName(step)}/update.json`;
}

/** A rollout's groups with their frames and advantages. */
async function rewardedGroups(
  store: ArtifactStore,
  { rollout: ref, rewards }: GrpoInput,
  clips: ReadonlyMap<string, Frames>,
): Promise<GrpoRequest['groups']> {
  const { groups } = await store.readJson(ref, Rollout);
  requireShape(rewards, groups);
  return groups.map(({ sampleId, completions }, g) => ({
    frames: framesOf(sampleId, clips),
    completions: completions.map(({ tokenIds, logProbs }, c) => ({
      tokenIds,
      logProbs,
      advantage: rewards.total[g]![c] === null ? null : rewards.advantages[g]![c]!,
    })),
  }));
}

function requireShape({ total, advantages }: Rewards, groups: readonly { completions: readonly unknown[] }[]): void {
  const expected = groups.map(({ completions }) => completions.length);
  for (const [name, table] of Object.entries({ total, advantages })) {
    const found = table.map((group) => group.length);
    if (`${found}` !== `${expected}`)
      throw new VideocapError(
        'InvalidInput',
        `rewards.${name} has groups of [${found}] completions, but the rollout has [${expected}]; pass the rewards of this rollout.`,
      );
  }
}

/** What each clip's sample would have the policy write. A sample without a thought teaches its caption alone. */
async function references(
  store: ArtifactStore,
  { manifest }: SftInput,
  clips: ReadonlyMap<string, Frames>,
): Promise<{ frames: Frames; text: string }[]> {
  const { train, heldOut } = await readManifest(store, manifest);
  const samples = new Map([...train, ...heldOut].map((sample) => [sample.id, sample]));
  return [...clips].map(([sampleId, frames]) => {
    const sample = samples.get(sampleId);
    if (!sample)
      throw new VideocapError('InvalidInput', `Sample "${sampleId}" is not in the dataset; use clips of its samples.`);
    return { frames, text: referenceText(sample) };
  });
}

export function referenceText({ thought, caption }: Pick<Sample, 'thought' | 'caption'>): string {
  return thought ? structuredCompletion(thought, caption) : `<answer>${caption}</answer>`;
}

function framesOf(sampleId: string, clips: ReadonlyMap<string, Frames>): Frames {
  const frames = clips.get(sampleId);
  if (frames) return frames;
  throw new VideocapError(
    'InvalidInput',
    `Sample "${sampleId}" of the rollout is not among the clips; pass the same ones.`,
  );
}

function checkpointKeys(runKey: string, step: number): [model: string, optimizer: string] {
  const folder = `runs/${runKey}/checkpoints/step-${stepName(step)}`;
  return [`${folder}/model.safetensors`, `${folder}/optimizer.safetensors`];
}

function stepName(step: number): string {
  return String(step).padStart(6, '0');
}
