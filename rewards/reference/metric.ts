import { z } from 'zod';
import { unscorable, value } from '../../core/score.ts';
import { mean } from '../../core/statistics.ts';
import { type LocalComponent, type LocalTools, Weight } from '../component.ts';
import { words } from './words.ts';

/** What a metric found in one caption. */
export const Measured = z.strictObject({
  /** Of this caption alone, in the metric's range: what it would earn as a reward. */
  score: z.number(),
  /** What the score of many captions is made of, where that is not the mean of theirs. */
  counts: z.array(z.number()).optional(),
});
export type Measured = z.infer<typeof Measured>;

/** A way to compare captions with reference captions without a judge. */
export interface ReferenceMetric {
  readonly name: string;
  /** As tables show it. */
  readonly title: string;
  readonly hint: string;
  readonly range: readonly [number, number];
  readonly colour: LocalComponent['colour'];
  /** One result a caption, in their order. A caption without words, such as an empty one, scores 0. */
  measure(captions: readonly string[], reference: string, tools: LocalTools): Promise<Measured[]>;
  /** The score of many captions; the mean of theirs where this is absent. */
  summary?(captions: readonly Measured[]): number;
}

export const ReferenceRewardConfig = z.strictObject({ weight: Weight });
export type ReferenceRewardConfig = z.infer<typeof ReferenceRewardConfig>;

/** The metric as a component of the reward. A completion without a caption is the policy's fault and worth 0. */
export function referenceReward({ name, range, colour, measure }: ReferenceMetric) {
  return {
    name,
    config: ReferenceRewardConfig,
    range,
    colour,
    scored: 'locally',
    async score({ sample, completions }, _, tools) {
      const fault = withoutWords(sample);
      if (fault !== undefined) return completions.map(() => unscorable(fault));
      const captions = completions.map(({ caption }) => caption ?? '');
      return (await measure(captions, sample.caption, tools)).map(({ score }) => value(score));
    },
  } satisfies LocalComponent<ReferenceRewardConfig>;
}

/** Why nothing can be compared with this sample's caption, if nothing can. */
export function withoutWords({ id, caption }: { id: string; caption: string }): string | undefined {
  return words(caption).length > 0 ? undefined : `The caption of sample ${id} has no words; write one in the dataset.`;
}

/** A metric of many captions, in its range. Needs at least one. */
export function summaryOf({ summary }: ReferenceMetric, captions: readonly Measured[]): number {
  return summary ? summary(captions) : mean(captions.map(({ score }) => score));
}
