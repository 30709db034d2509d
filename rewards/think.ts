import { z } from 'zod';
import { unscorable, value } from '../core/score.ts';
import { type LocalComponent, Weight } from './component.ts';
import { comparedIn } from './think/compared.ts';
import { SimilarityName } from './think/similarity.ts';
import { phrasesOf, thinkScore } from './think/think-score.ts';

export const ThinkConfig = z.strictObject({
  weight: Weight,
  /**
   * How phrases are compared. `token-f1` needs no model: it counts common words. Words that the measure cannot read (of
   * a language that its model has not learnt, emoji) are compared by their characters instead, and counted.
   */
  similarity: SimilarityName.default('sentence-embedding'),
  /** A subject pair counts as the same subject from this similarity. */
  subjectThreshold: z.number().min(0).max(1).default(0.8),
  /**
   * An attribute or action counts as found from this similarity. 0.97 accepts other spellings (`wears`, `wearing`) and
   * keeps everything apart that the small world keeps apart; 0.9 also accepts close paraphrases, and some near misses.
   */
  itemThreshold: z.number().min(0).max(1).default(0.97),
  /** How much the F1 of attributes counts. */
  attributeWeight: z.number().min(0).max(1).default(0.5),
  /** How much the F1 of actions counts. */
  actionWeight: z.number().min(0).max(1).default(0.5),
});
export type ThinkConfig = z.infer<typeof ThinkConfig>;

/**
 * The structured analysis against the sample's own, in [0, 1], without an LLM: VideoCap-R1's Tscore. An analysis that
 * cannot be parsed is the policy's fault and worth 0; a sample without a reference analysis cannot be scored.
 */
export const think: LocalComponent<ThinkConfig> = {
  name: 'think',
  config: ThinkConfig,
  range: [0, 1],
  colour: 'teal',
  scored: 'locally',
  needs: { field: 'thought', in: 'some sample' },
  async score({ sample: { id, thought: reference }, completions }, config, { similarity, onCompared, signal }) {
    const phrases = [reference, ...completions.map(({ thought }) => thought)].flatMap((thought) =>
      phrasesOf(thought ?? []),
    );
    const compare = await similarity(config.similarity).prepare(reference ? phrases : [], signal);
    onCompared?.('think', comparedIn(reference ? phrases : [], compare));
    if (!reference) {
      const remedy = 'add one to the dataset, or set reward.think.weight to 0';
      return completions.map(() => unscorable(`Sample ${id} has no reference thought; ${remedy}.`));
    }
    return completions.map(({ thought }) => value(thought ? thinkScore(thought, reference, compare, config).score : 0));
  },
};
