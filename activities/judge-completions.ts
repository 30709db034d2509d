import { z } from 'zod';
import { JudgeCompletionsInput, JudgeCompletionsOutput, StoredScores, Verdicts } from '../contracts/scoring.ts';
import { Rollout } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import { parseInParts } from '../core/parse-in-parts.ts';
import { settled } from '../core/settled.ts';
import { settledEach } from '../core/settled-each.ts';
import { keyOf } from '../core/store-layout.ts';
import { createJudge } from '../judge/create-judge.ts';
import { hasJudge } from '../judge/judge-config.ts';
import { judgedComponents } from '../rewards/registry.ts';
import type { ActivityDeps } from './activity-deps.ts';

type JudgeDeps = Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'outage' | 'env' | 'keyRules'>;

/** Scores completions by asking the judge: every reward component that it decides. */
export function createJudgeActivities({ store, onProgress, signal, outage, env, keyRules }: JudgeDeps) {
  return {
    async judgeCompletions(
      rawInput: z.input<typeof JudgeCompletionsInput>,
    ): Promise<z.infer<typeof JudgeCompletionsOutput>> {
      const { rollout, manifest, reward, judge: config, seed, spent, ...place } = JudgeCompletionsInput.parse(rawInput);
      return store.onceJson(keyOf('judgedScores', place), JudgeCompletionsOutput, async () => {
        const started = performance.now();
        const { groups } = await store.readJson(rollout, Rollout);
        const { sample } = await readManifest(store, manifest);
        const judge = createJudge(config, {
          ...{ store, place: keyOf('judgedScores', place), env, spent, outage },
          keyRules: await keyRules?.(),
        });
        const random = { seed, path: [place.step, place.round] };
        const components = hasJudge(config) ? judgedComponents(reward) : [];
        const total = components.length * groups.reduce((sum, { completions }) => sum + completions.length, 0);
        let done = 0;
        const onScored = () => onProgress?.({ done: done++, total, what: 'captions judged' });
        const judged = await settled(
          components.map(async ({ name, details, score }) => {
            const results = await settledEach(groups, ({ sampleId, completions }) =>
              score(
                {
                  sample: sample(sampleId),
                  completions: completions.map(({ parsed, tokenIds }) => ({ ...parsed, tokens: tokenIds.length })),
                },
                { judge, random, onScored, signal: signal?.() },
              ),
            );
            return {
              name,
              scores: results.map(({ scores }) => scores),
              details: await parseInParts(
                z.array(details),
                results.map((r) => r.details),
              ),
            };
          }),
        );
        const verdicts: Verdicts = {
          judge: { name: judge.name, isLlm: judge.isLlm },
          components: Object.fromEntries(judged.map(({ name, details }) => [name, details])),
        };
        return {
          scores: await store.putJsonOnce(keyOf('componentScores', { ...place, by: 'judge' }), async () =>
            parseInParts(StoredScores, Object.fromEntries(judged.map(({ name, scores }) => [name, scores]))),
          ),
          verdicts: await store.putJsonOnce(keyOf('verdicts', place), async () => parseInParts(Verdicts, verdicts)),
          ...(judge.answeredBy.length > 0 && { answeredBy: judge.answeredBy }),
          usage: judge.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}
