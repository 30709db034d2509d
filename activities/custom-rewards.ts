import type { z } from 'zod';
import { readAllowed } from '../configs/allowed.ts';
import { ScoreCompletionsInput, ScoreCompletionsOutput, StoredScores } from '../contracts/scoring.ts';
import { Rollout } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import { readManifest } from '../core/manifest.ts';
import { parseInParts } from '../core/parse-in-parts.ts';
import type { StepPlace } from '../core/place.ts';
import { settled } from '../core/settled.ts';
import { settledEach } from '../core/settled-each.ts';
import { keyOf } from '../core/store-layout.ts';
import { startOutageClock } from '../judge/client/patient-endpoint.ts';
import { type OpenReward, withCustomRewards } from '../rewards/custom/custom-kinds.ts';
import { type AllowedScope, refusal } from '../rewards/custom/scorer.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import type { ActivityDeps } from './activity-deps.ts';

type CustomDeps = Pick<ActivityDeps, 'store' | 'home' | 'onProgress' | 'signal' | 'outage' | 'env'>;

/** Scores completions by custom code: every component under `reward.custom`. */
export function createCustomRewardActivities(deps: CustomDeps) {
  const { store, onProgress } = deps;
  return {
    async scoreCustomRewards(
      rawInput: z.input<typeof ScoreCompletionsInput>,
    ): Promise<z.infer<typeof ScoreCompletionsOutput>> {
      const { rollout, manifest, reward, ...place } = ScoreCompletionsInput.parse(rawInput);
      return store.onceJson(keyOf('customScores', place), ScoreCompletionsOutput, async () => {
        const started = performance.now();
        const { groups } = await store.readJson(rollout, Rollout);
        const { sample } = await readManifest(store, manifest);
        const scores = await scoredByCustomCode(deps, reward, place, async (rewards) => {
          let done = 0;
          const scored = rewards.map(async ({ name, score }) => {
            const grid = await settledEach(groups, async ({ sampleId, completions }) => {
              const scores = await score({
                sample: sample(sampleId),
                completions: completions.map(({ parsed }) => parsed),
                texts: completions.map(({ text }) => text),
              });
              onProgress?.({
                done: ++done,
                total: rewards.length * groups.length,
                what: 'groups scored by custom code',
              });
              return scores;
            });
            return [name, grid] as const;
          });
          return Object.fromEntries(await settled(scored));
        });
        return {
          scores: await store.putJsonOnce(keyOf('componentScores', { ...place, by: 'custom' }), async () =>
            parseInParts(StoredScores, scores),
          ),
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

/**
 * Lets `use` score with the custom rewards, none where the config has none.
 * @throws JudgeError `JudgeBlocked` when one may not be used, or is not the code that the run began with.
 */
export async function scoredByCustomCode<T>(
  deps: CustomDeps,
  reward: RewardConfig,
  place: StepPlace,
  use: (rewards: readonly OpenReward[]) => Promise<T>,
): Promise<T> {
  if (!reward.custom) return use([]);
  const { store, signal, outage = startOutageClock() } = deps;
  const allowed = await allowedScope(deps).catch((error: unknown) => {
    // `allowed.yaml` was valid when the run began, so a person must correct it.
    if (!(error instanceof VideocapError && error.code === 'InvalidConfig')) throw error;
    throw refusal(error.message.replace(/\.$/, ''), 'correct that file');
  });
  return withCustomRewards(reward, { ...allowed, store, place, outage, signal: signal?.() }, use);
}

export async function allowedScope({
  home,
  env = process.env,
}: Pick<ActivityDeps, 'home' | 'env'>): Promise<AllowedScope> {
  const { rewards, path, folder } = await readAllowed(home);
  return { allowed: rewards, allowedPath: path, folder, env };
}
