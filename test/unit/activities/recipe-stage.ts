import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRecordActivities } from '../../../activities/record.ts';
import { createProgressActivities } from '../../../activities/run-progress.ts';
import { createUpdateActivities } from '../../../activities/update.ts';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import { refreshesReference } from '../../../algorithms/reference-refresh.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { VideocapError } from '../../../core/errors.ts';
import type { NotFinite } from '../../../core/not-finite.ts';
import type { PolicyEngine, PolicyFiles, ReplayedUpdate, UpdateRequest } from '../../../core/policy-engine.ts';
import type { PolicyRef } from '../../../core/policy-ref.ts';
import { sha256 } from '../../../core/sha256.ts';
import { storeScored } from '../../stored-scores.ts';
import { storeClips, temporaryStore } from './stage-store.ts';

interface Script {
  /** Steps from one checkpoint with files to the next. */
  every: number;
  /** Updates that are not made. */
  stopped: readonly number[];
  /** Whether the files come after the recipe; `lost`: or would, but for a death. */
  follow: boolean | 'lost';
}

/**
 * An engine whose policy is a text that every update hashes with what it learns from. It writes files after multiples
 * of `every`, and holds nothing in memory: a policy without files is made again.
 */
export function scriptedEngine({ every, stopped, follow }: Script) {
  const replays: number[] = [];
  const learnt = (before: string, { step, batch }: Pick<UpdateRequest, 'step' | 'batch'>) =>
    sha256(JSON.stringify([before, step, batch]));
  const textOf = async ({ weights, replay = [] }: PolicyFiles): Promise<string> => {
    let text = await readFile(weights.path, 'utf8');
    for (const { step, request } of replay) {
      replays.push(step);
      text = learnt(text, await request());
    }
    return text;
  };
  const written = async (text: string, folder: string) => {
    const files = { weights: text, optimizer: `moments of ${text}` };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return {
      weights: { path: join(folder, 'weights'), sha256: sha256(files.weights) },
      optimizer: { path: join(folder, 'optimizer'), sha256: sha256(files.optimizer) },
    };
  };
  const engine = {
    async update(request) {
      const { step, policy, folder, algorithm } = request;
      if (stopped.includes(step)) return { notFinite: { what: 'loss', value: 'NaN' } as NotFinite };
      const text = learnt(await textOf(policy), request);
      const refreshes = refreshesReference(step, algorithm as unknown as GrpoConfig);
      if (step % every > 0 && !refreshes) return { digest: text, metrics: { loss: step } };
      if (refreshes || !follow) return { ...(await written(text, folder)), metrics: { loss: step } };
      const files =
        follow === 'lost' ? Promise.reject(new VideocapError('Unavailable', 'dead')) : written(text, folder);
      files.catch(() => {});
      return { digest: text, files, metrics: { loss: step } };
    },
    async rebuild(policy: PolicyFiles, folder: string) {
      return written(await textOf(policy), folder);
    },
    identity: async () => ({ engine: 'scripted' }),
  } satisfies Partial<PolicyEngine>;
  return { engine: engine as unknown as PolicyEngine, replays };
}

export interface RecipeRun {
  store: ArtifactStore;
  engine: PolicyEngine;
  /** The policy after each step; the first is the start policy. */
  policies: PolicyRef[];
  /** The steps whose updates the engine was asked for to make others again. */
  replays: number[];
  /** Makes one more step, of this run or of one that begins with another's policy. */
  step(step: number, policy: PolicyRef, runKey?: string): Promise<PolicyRef>;
  /** Goes on in a process that knows nothing of this one, and loses no files. Returns its `replays`. */
  restart(): number[];
}

/** A run of so many steps, with its states in the store. `every`: steps from one checkpoint with files to the next. */
export async function runWithRecipes(
  steps: number,
  { every = 3, refresh = 0, keepEvery = 0, stopped = [] as readonly number[], follow = false as Script['follow'] } = {},
): Promise<RecipeRun> {
  const store = await temporaryStore();
  const { engine, replays } = scriptedEngine({ every, stopped, follow });
  let { updatePolicy } = createUpdateActivities({ store, engine });
  const { recordStep } = createRecordActivities({ store });
  const clips = await storeClips(store, ['a']);
  const completion = { text: '', tokenIds: [9], logProbs: [-1], truncated: false, parsed: { wellFormed: false } };
  const start: PolicyRef = {
    model: 'tiny',
    step: 0,
    weights: await store.put('policies/s/model.safetensors', 'start'),
  };
  const policies = [start];
  let reference = start;
  const algorithm = GrpoConfig.parse({ steps, refreshReferenceEvery: refresh });
  const step = async (step: number, policy: PolicyRef, runKey = 'r') => {
    const groups = [{ sampleId: 'a', completions: [completion, completion] }];
    const rollout = await store.putJson(`rollouts/${step}.json`, { step, groups });
    const made = await updatePolicy({
      ...{ runKey, step, policy, reference, algorithm, keepEvery },
      engine: { kind: 'onnx', threads: 1 },
      batch: {
        learnsFrom: 'completions',
        scored: await storeScored(store, [{ rollout, advantages: [[step, -step]] }]),
        clips: [clips],
        temperature: 1,
        maxNewTokens: 7,
      },
    });
    return made.policy;
  };
  const config = ExperimentConfig.parse({ algorithm, checkpoints: { keepEvery } });
  for (let at = 0; at <= steps; at++) {
    const policy = at === 0 ? start : await step(at, policies.at(-1)!);
    if (at > 0) policies.push(policy);
    if (refreshesReference(at, algorithm) && at > 0) reference = { model: 'tiny', step: at, weights: policy.weights };
    await recordStep({
      runKey: 'r',
      record: { step: at, time: at, metrics: {} },
      progress: {
        ...{ config, startTime: 1, step: at, reference, policy, evaluations: [], limits: {}, lastMetrics: {} },
        ...{ spent: { usd: 0, calls: 0 }, mirroredStep: -1 },
      },
    });
  }
  const restart = () => {
    const fresh = scriptedEngine({ every, stopped, follow: follow !== false });
    ({ updatePolicy } = createUpdateActivities({ store, engine: fresh.engine }));
    return fresh.replays;
  };
  return { store, engine, policies, replays, step, restart };
}

export const progressOf = (store: ArtifactStore) => createProgressActivities({ store, home: 'unused' });

/** Steps of updates, in their order. */
export const stepsOf = (replay: readonly ReplayedUpdate[] = []): number[] => replay.map(({ step }) => step);
