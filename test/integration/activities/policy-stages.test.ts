import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import { createFramesActivities } from '../../../activities/frames.ts';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import { createUpdateActivities } from '../../../activities/update.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { CaptionedClip, Rollout } from '../../../core/completion.ts';
import { Clips } from '../../../core/sample.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';

const engine = new OnnxEngine();
const roots: string[] = [];
afterAll(async () => {
  await engine.close();
  await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })));
});

const config = ExperimentConfig.parse({
  dataset: { kind: 'shapes', trainSamples: 2, heldOutSamples: 1, seed: 3 },
  policy: { engine: { kind: 'onnx', threads: 1 } },
  sampling: { groupSize: 2, maxNewTokens: 16 },
});

/** Three steps, of GRPO, SFT and GSPO, on real videos of the small world, in a store of their own. */
async function threeSteps() {
  const root = await mkdtemp(join(tmpdir(), 'videocap-stages-'));
  roots.push(root);
  const deps = { store: new ArtifactStore(root), parallel: 1 };
  const { prepareDataset } = createDatasetActivities(deps);
  const { extractFrames } = createFramesActivities(deps);
  const { loadPolicy, rolloutGroups, captionClips } = createRolloutActivities({ ...deps, engine });
  const { updatePolicy } = createUpdateActivities({ ...deps, engine });

  const runKey = 'run';
  const { engine: section } = config.policy;
  const { manifest, train } = await prepareDataset({ runKey, dataset: config.dataset });
  const { clips } = await extractFrames({
    manifest,
    samples: { seed: config.seed, step: 1, round: 0, size: train },
    frames: config.frames,
  });
  const { policy: base } = await loadPolicy({ runKey, policy: config.policy });
  const { rollout } = await rolloutGroups({
    ...{ runKey, step: 1, round: 0, part: 0, policy: base, engine: section, clips },
    sampling: config.sampling,
    seed: config.seed,
  });
  const shared = { runKey, reference: base, engine: section, keepEvery: 0 };
  const advantages = [
    [0.7, -0.7],
    [-0.7, 0.7],
  ];
  const { temperature, maxNewTokens } = config.sampling;
  const first = await updatePolicy({
    ...{ ...shared, step: 1, policy: base, algorithm: { kind: 'grpo' } },
    batch: { learnsFrom: 'completions', rollouts: [{ rollout, clips, advantages }], temperature, maxNewTokens },
  });
  const second = await updatePolicy({
    ...{ ...shared, step: 2, policy: first.policy, algorithm: { kind: 'sft' } },
    batch: { learnsFrom: 'references', clips, manifest },
  });
  const third = await updatePolicy({
    ...{ ...shared, step: 3, policy: second.policy, algorithm: { kind: 'gspo', iterations: 2 } },
    batch: { learnsFrom: 'completions', rollouts: [{ rollout, clips, advantages }], temperature, maxNewTokens },
  });
  const { captions } = await captionClips({
    ...{ runKey, step: 3, policy: third.policy, engine: section, clips },
    list: 'held-out',
    maxNewTokens: 16,
  });
  const clipList = await deps.store.readJson(clips, Clips);
  return {
    groups: (await deps.store.readJson(rollout, Rollout)).groups,
    captions: await deps.store.readJson(captions, z.array(CaptionedClip)),
    sampleIds: clipList.map(({ sampleId }) => sampleId),
    base,
    first,
    second,
    third,
  };
}

test('rollout, update and captions of the small world: every step moves the policy, and twice gives the same', async () => {
  const { groups, captions, sampleIds, base, first, second, third } = await threeSteps();
  expect(groups.map(({ sampleId }) => sampleId)).toEqual(sampleIds);
  expect(captions.map(({ sampleId }) => sampleId)).toEqual(sampleIds);
  const hashes = [base, first.policy, second.policy, third.policy].map(({ weights }) => weights.sha256);
  expect(new Set(hashes).size).toBe(4);
  expect([first.policy.step, second.policy.step, third.policy.step]).toEqual([1, 2, 3]);
  expect(first.metrics.samplingMismatch).toBeLessThan(1e-4);

  const again = await threeSteps();
  expect(again.groups).toEqual(groups);
  expect(again.captions).toEqual(captions);
  expect(again.third.policy).toEqual(third.policy);
});
