import type { z } from 'zod';
import { ScoreCompletionsInput, ScoreCompletionsOutput, StoredScores } from '../contracts/scoring.ts';
import { Rollout } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import { parseInParts } from '../core/parse-in-parts.ts';
import type { Score } from '../core/score.ts';
import { keyOf } from '../core/store-layout.ts';
import { nextTurn } from '../core/turns.ts';
import { distinctCaptions } from '../rewards/distinct-captions.ts';
import { localComponents } from '../rewards/registry.ts';
import { type ComparedPhrases, sumCompared } from '../rewards/think/compared.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { scoringTools } from './scoring-tools.ts';

type ScoreDeps = Pick<ActivityDeps, 'store' | 'home' | 'onProgress' | 'signal'>;

/** Scores completions without a judge: every reward component that needs nothing but the texts. */
export function createScoreActivities({ store, home, onProgress, signal }: ScoreDeps) {
  return {
    async scoreCompletions(
      rawInput: z.input<typeof ScoreCompletionsInput>,
    ): Promise<z.infer<typeof ScoreCompletionsOutput>> {
      const { rollout, earlier = [], manifest, reward, ...place } = ScoreCompletionsInput.parse(rawInput);
      return store.onceJson(keyOf('localScores', place), ScoreCompletionsOutput, async () => {
        const started = performance.now();
        const { groups } = await store.readJson(rollout, Rollout);
        const { sample } = await readManifest(store, manifest);
        const compared: ComparedPhrases[] = [];
        const onCompared = (name: string, of: ComparedPhrases[string]) => void compared.push({ [name]: of });
        const tools = { ...scoringTools({ store, home, signal: signal?.() }, { manifest, reward }), onCompared };
        const components = localComponents(reward);
        const scores: Record<string, Score[][]> = Object.fromEntries(components.map(({ name }) => [name, []]));
        for (const [done, { sampleId, completions }] of groups.entries()) {
          onProgress?.({ done, total: groups.length, what: 'groups scored' });
          const group = {
            sample: sample(sampleId),
            completions: completions.map(({ parsed, tokenIds }) => ({ ...parsed, tokens: tokenIds.length })),
          };
          for (const { name, score } of components) {
            scores[name]!.push(await score(group, tools));
            await nextTurn();
          }
        }
        const captions: (string | undefined)[][] = [];
        for (const ref of earlier) captions.push(...captionsIn(await store.readJson(ref, Rollout)));
        captions.push(...captionsIn({ groups }));
        const distinct = distinctCaptions(captions);
        const comparedWith = await tools.comparedWith();
        return {
          scores: await store.putJsonOnce(keyOf('componentScores', { ...place, by: 'local' }), async () =>
            parseInParts(StoredScores, scores),
          ),
          compared: sumCompared(compared),
          ...(comparedWith && { comparedWith }),
          ...(distinct !== undefined && { distinctCaptions: distinct }),
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

function captionsIn({ groups }: Pick<Rollout, 'groups'>): (string | undefined)[][] {
  return groups.map(({ completions }) => completions.map(({ parsed }) => parsed.caption));
}
