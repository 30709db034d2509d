import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GenerateRequest, PinnedFile } from '../../../../core/policy-engine.ts';
import { sha256 } from '../../../../core/sha256.ts';
import { modelPath } from '../../../../policy/model/model-path.ts';
import { PolicyTokenizer } from '../../../../policy/model/tokenizer.ts';
import { DEFAULT_PROMPT } from '../../../../policy/prompt-config.ts';
import type { RankFiles } from '../../../../policy/torch/policy-weights.ts';
import { writeShown } from '../../../../policy/torch/shown-files.ts';
import { patchesOf } from '../../../../policy/torch/torch-model.ts';
import type { VllmRolloutConfig } from '../../../../policy/torch/vllm/rollout-config.ts';
import type { ServedRequest } from '../../../../policy/torch/vllm/vllm-rollouts.ts';
import { expanded, FakeVllm, logProbOf } from '../../../servers/vllm-server.ts';
import { noisyFrames } from '../onnx/noisy-frames.ts';

/** Tokens of every video, whatever its size: the stand-in's. */
const VIDEO_TOKENS = 6;
const model = modelPath('tiny');
export const tokenizer = new PolicyTokenizer(model);

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-rollouts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The tiny model's own weights. */
export async function baseWeights(): Promise<PinnedFile> {
  const path = join(model, 'model.safetensors');
  return { path, sha256: sha256(await readFile(path)) };
}

export async function startFake(port?: number): Promise<FakeVllm> {
  const { sha256: base } = await baseWeights();
  const { videoToken: pad, endToken } = tokenizer;
  const fake = await FakeVllm.start({ base, pad, videoTokens: VIDEO_TOKENS, endToken, ...(port && { port }) });
  onTestFinished(() => fake.stop());
  return fake;
}

/** A stored policy that is another one for each name: an adapter, or a whole model. */
export async function trainedPolicy(name: string, kind: 'adapter' | 'whole'): Promise<RankFiles> {
  const folder = await temporaryFolder();
  const base = await baseWeights();
  const lora = JSON.stringify({ base: base.sha256, rank: 8, alpha: 16 });
  const metadata = { name, ...(kind === 'adapter' && { videocap_lora: lora }) };
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Buffer.concat([length, header]);
  const path = join(folder, 'weights.safetensors');
  await writeFile(path, bytes);
  return { model, weights: { path, sha256: sha256(bytes) }, ...(kind === 'adapter' && { base }) };
}

/** A request for completions of two clips by these servers. The ranks' part computes what the stand-in computes. */
export async function servedRequest(
  config: Pick<VllmRolloutConfig, 'servers'>,
  policy: RankFiles,
  more: Partial<ServedRequest> = {},
): Promise<ServedRequest> {
  const folder = await temporaryFolder();
  const write = (clip: GenerateRequest['clips'][number], i = 9) => writeShown(folder, i, clip, tokenizer);
  const clips = ['a', 'b'].map((sampleId, i) => ({
    ...{ sampleId, frames: noisyFrames(i + 1, [4, 28, 56]), prompt: DEFAULT_PROMPT },
  }));
  return {
    ...{
      config: { kind: 'vllm', ...config },
      dtype: 'float32',
      family: 'qwen2_vl',
      policy,
      tokenizer,
      suppressed: [7],
    },
    ...{ groupSize: 4, maxNewTokens: 5, sampling: { temperature: 1, seed: 3, path: ['rollout', 1] } },
    clips: await Promise.all(clips.map(async (clip, i) => ({ ...clip, file: await write(clip, i) }))),
    base: await baseWeights(),
    patches: () => patchesOf(model),
    writeClip: (clip) => write(clip),
    trainer: {
      expand: async (_, shown) => shown.map(({ promptIds }) => expanded(promptIds, tokenizer.videoToken, VIDEO_TOKENS)),
      score: async ({ weights }, groups) =>
        groups.map(({ promptIds, completions }) => {
          const from = expanded(promptIds, tokenizer.videoToken, VIDEO_TOKENS).length;
          return completions.map(({ tokenIds }) => tokenIds.map((id, i) => logProbOf(weights.sha256, id, from + i)));
        }),
    },
    ...more,
  };
}
