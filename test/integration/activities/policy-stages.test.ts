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
import { storeScored } from '../../stored-scores.ts';

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

/**
 * Two steps, one of GRPO and one of SFT, and on demand a third, of GSPO, on real videos of the small world, in a store
 * of their own.
 */
async function twoSteps() {
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
  const scored = await storeScored(deps.store, [{ rollout, advantages }]);
  const first = await updatePolicy({
    ...{ ...shared, step: 1, policy: base, algorithm: { kind: 'grpo' } },
    batch: { learnsFrom: 'completions', scored, clips: [clips], temperature, maxNewTokens },
  });
  const second = await updatePolicy({
    ...{ ...shared, step: 2, policy: first.policy, algorithm: { kind: 'sft' } },
    batch: { learnsFrom: 'references', clips, manifest },
  });
  const learnByGspo = () =>
    updatePolicy({
      ...{ ...shared, step: 3, policy: second.policy, algorithm: { kind: 'gspo', iterations: 2 } },
      batch: { learnsFrom: 'completions', scored, clips: [clips], temperature, maxNewTokens },
    });
  const { captions } = await captionClips({
    ...{ runKey, step: 2, policy: second.policy, engine: section, clips },
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
    learnByGspo,
  };
}

test('rollout, update and captions: every step moves the policy, a repetition gives the same', async () => {
  const { groups, captions, sampleIds, base, first, second, learnByGspo } = await twoSteps();
  expect(groups.map(({ sampleId }) => sampleId)).toEqual(sampleIds);
  expect(captions.map(({ sampleId }) => sampleId)).toEqual(sampleIds);
  const hashes = [base, first.policy, second.policy].map(({ weights }) => weights.sha256);
  expect(new Set(hashes).size).toBe(3);
  expect([first.policy.step, second.policy.step]).toEqual([1, 2]);
  expect(first.metrics.samplingMismatch).toBeLessThan(1e-4);

  const third = await learnByGspo();
  expect(hashes).not.toContain(third.policy.weights.sha256);
  expect(third.metrics).toMatchObject({ updates: 2, excludedCompletions: 0 });

  const again = await twoSteps();
  expect(again.groups).toEqual(groups);
  expect(again.captions).toEqual(captions);
  expect(again.second.policy).toEqual(second.policy);
});
