import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createExportActivities } from '../../activities/export-policy.ts';
import { createRolloutActivities } from '../../activities/rollout.ts';
import { createUpdateActivities } from '../../activities/update.ts';
import { GrpoConfig } from '../../algorithms/grpo.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { Rollout } from '../../core/completion.ts';
import type { Progress } from '../../core/compute-options.ts';
import type { PolicyEngine } from '../../core/policy-engine.ts';
import type { PolicyRef } from '../../core/policy-ref.ts';
import { keyOf } from '../../core/store-layout.ts';
import { storeScored } from '../stored-scores.ts';
import { storeClips } from '../unit/activities/stage-store.ts';

export interface PlayOptions {
  /** Default: the shipped one. */
  model?: string;
  /** Changes to `policy.engine`. */
  section?: object;
  /** Whether every sample is a part of its own. */
  inParts?: boolean;
  onProgress?: (progress: Progress) => void;
  signal?: () => AbortSignal;
}

/** The activities of a run of the tiny model on the torch engine, in a store of its own, and what they ask of it. */
export async function playedRun(engine: PolicyEngine, options: PlayOptions = {}) {
  const { model = 'tiny', section, inParts = false, onProgress, signal } = options;
  const home = await mkdtemp(join(tmpdir(), 'videocap-played-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const store = new ArtifactStore(join(home, 'store'));
  const asked: string[] = [];
  const watched = new Proxy(engine, {
    get: (target, name) => {
      const method = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        asked.push(String(name));
        return method.apply(target, args);
      };
    },
  });
  const deps = { store, engine: watched, home, ...(onProgress && { onProgress }), ...(signal && { signal }) };
  const { loadPolicy, rolloutGroups } = createRolloutActivities(deps);
  const { updatePolicy } = createUpdateActivities(deps);
  const { exportPolicy } = createExportActivities(deps);
  const policy = {
    model,
    engine: { kind: 'torch', dtype: 'float32', freezeVision: false, ...section } as const,
  };
  const clips = await storeClips(store, ['a', 'b'], 'What happens?');
  const algorithm = GrpoConfig.parse({ steps: 6, iterations: 2, optimizer: { learningRate: 1e-4 } });
  const { policy: start } = await loadPolicy({ runKey: 'r', policy });
  const sampling = { groupSize: 2, temperature: 1, maxNewTokens: 6 };

  return {
    ...{ store, start, asked, exportPolicy, home, algorithm },
    sample: (step: number, from: PolicyRef, part?: number) =>
      rolloutGroups({
        ...{ runKey: 'r', step, round: 0, part: part ?? 0 },
        ...{ policy: from, engine: policy.engine, clips, sampling, seed: 3 },
        ...(part !== undefined && { samples: { from: part, count: 1 } }),
      }),
    /** The rollouts of a step's parts. */
    async sampleAll(step: number, from: PolicyRef) {
      const rollouts: { rollout: ArtifactRef; groups: Rollout['groups'] }[] = [];
      for (const part of inParts ? [0, 1] : [undefined]) {
        const { rollout } = await this.sample(step, from, part);
        rollouts.push({ rollout, groups: (await store.readJson(rollout, Rollout)).groups });
      }
      return rollouts;
    },
    async step(step: number, from: PolicyRef): Promise<PolicyRef> {
      const rollouts = await this.sampleAll(step, from);
      const advantages = [
        [0.5, -0.5],
        [1.5, -0.5],
      ];
      const scored = rollouts.map(({ rollout, groups }) => ({
        rollout,
        advantages: advantages.splice(0, groups.length),
      }));
      const made = await updatePolicy({
        ...{ runKey: 'r', step, policy: from, reference: start, engine: policy.engine, algorithm, keepEvery: 0 },
        batch: {
          learnsFrom: 'completions',
          scored: await storeScored(store, scored),
          clips: scored.map(() => clips),
          ...{ temperature: 1, maxNewTokens: sampling.maxNewTokens },
        },
      });
      return made.policy;
    },
    /** References to the files of the checkpoint after a step, where they are stored. */
    async filesAfter(step: number): Promise<{ weights: ArtifactRef; optimizer: ArtifactRef } | undefined> {
      const weights = await store.find(keyOf('checkpointWeights', { runKey: 'r', step }));
      const optimizer = await store.find(keyOf('checkpointOptimizer', { runKey: 'r', step }));
      return weights && optimizer && { weights, optimizer };
    },
    /** The policies after so many steps from a policy. */
    async steps(from: number, to: number, start: PolicyRef): Promise<PolicyRef[]> {
      const made: PolicyRef[] = [];
      for (let step = from; step <= to; step++) made.push(await this.step(step, made.at(-1) ?? start));
      return made;
    },
  };
}
