import type { z } from 'zod';
import type { ThinkConfig } from '../configs/schema.ts';
import { ScoreThoughtsInput, ScoreThoughtsOutput } from '../contracts/stages.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { type ParsedCompletion, parseCompletion, Rollout } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import type { Thought } from '../core/sample.ts';
import { type Score, unscorable, value } from '../core/score.ts';
import { createSimilarity } from '../rewards/think/create-similarity.ts';
import { phrasesOf, thinkScore } from '../rewards/think/think-score.ts';

export interface ThinkDeps {
  store: ArtifactStore;
  /** The installation's folder, where the embedding model is. */
  home: string;
  onProgress?: (progress: { done: number; total: number; what: string }) => void;
  signal?: () => AbortSignal | undefined;
}

/** 1 if the whole text is `<think>JSON</think><answer>caption</answer>` and its JSON meets the schema, else 0. */
export function formatScore({ wellFormed }: ParsedCompletion): number {
  return wellFormed ? 1 : 0;
}

/** Scores thoughts without any LLM: format and think of every completion of a rollout. */
export function createThinkActivities({ store, home, onProgress, signal }: ThinkDeps) {
  return {
    async scoreThoughts(rawInput: z.input<typeof ScoreThoughtsInput>): Promise<z.infer<typeof ScoreThoughtsOutput>> {
      const input = ScoreThoughtsInput.parse(rawInput);
      const key = `runs/${input.runKey}/step-${String(input.step).padStart(6, '0')}/think.json`;
      return store.onceJson(key, ScoreThoughtsOutput, async () => {
        const started = performance.now();
        const rollout = await store.readJson(input.rollout, Rollout);
        const references = await referenceThoughts(store, input.manifest);
        const similarity = createSimilarity(input.think.similarity, home);
        const format: Score[][] = [];
        const think: Score[][] = [];
        for (const [done, { sampleId, completions }] of rollout.groups.entries()) {
          onProgress?.({ done, total: rollout.groups.length, what: 'groups scored' });
          const parsed = completions.map(({ text }) => parseCompletion(text));
          const reference = references.get(sampleId);
          const phrases = [...phrasesOf(reference ?? []), ...parsed.flatMap(({ thought }) => phrasesOf(thought ?? []))];
          const compare = await similarity.prepare(reference ? phrases : [], signal?.());
          format.push(parsed.map((completion) => value(formatScore(completion))));
          think.push(parsed.map(({ thought }) => scoreOf(thought, reference, sampleId, compare, input.think)));
        }
        return { format, think, seconds: (performance.now() - started) / 1000 };
      });
    },
  };
}

/** An unparsable thought is the policy's fault, and worth 0; a missing reference is not, and cannot be scored. */
function scoreOf(
  thought: Thought | undefined,
  reference: Thought | undefined,
  sampleId: string,
  compare: Parameters<typeof thinkScore>[2],
  options: ThinkConfig,
): Score {
  if (!reference)
    return unscorable(
      `Sample ${sampleId} has no reference thought; add one to the dataset, or set reward.weights.think to 0.`,
    );
  return value(thought ? thinkScore(thought, reference, compare, options).score : 0);
}

async function referenceThoughts(
  store: ArtifactStore,
  manifest: z.infer<typeof ScoreThoughtsInput>['manifest'],
): Promise<Map<string, Thought | undefined>> {
  const { train, heldOut } = await readManifest(store, manifest);
  return new Map([...train, ...heldOut].map(({ id, thought }) => [id, thought]));
}
