import { z } from 'zod';
import { Score, unscorable, value } from '../core/score.ts';
import { settled } from '../core/settled.ts';
import { mean } from '../core/statistics.ts';
import { type JudgedComponent, type JudgedTools, Weight } from './component.ts';

export const ChecklistConfig = z.strictObject({ weight: Weight });
export type ChecklistConfig = z.infer<typeof ChecklistConfig>;

/** What led to the scores of one group. */
export const ChecklistDetails = z.strictObject({
  sampleId: z.string(),
  keyPoints: z.array(z.string()),
  completions: z.array(
    z.strictObject({
      caption: z.string().optional(),
      score: Score,
      /** By key point. */
      mentioned: z.array(z.boolean()).optional(),
    }),
  ),
});
export type ChecklistDetails = z.infer<typeof ChecklistDetails>;

/**
 * The share of the sample's key points that the caption mentions correctly, in [0, 1] (AVoCaDO, arXiv 2510.10395,
 * equation 3). A completion without a caption is the policy's fault and worth 0, and the judge is not asked about it.
 */
export const checklist: JudgedComponent<ChecklistConfig> = {
  name: 'checklist',
  config: ChecklistConfig,
  range: [0, 1],
  colour: 'rose',
  scored: 'by the judge',
  needs: { field: 'keyPoints', in: 'every sample' },
  details: ChecklistDetails,
  async score({ sample, completions }, _config, tools) {
    const { keyPoints } = sample;
    const judged = await settled(
      completions.map(async ({ caption }) => {
        const result = keyPoints ? await check(caption, keyPoints, tools) : { score: noKeyPoints(sample.id) };
        tools.onScored();
        return { ...(caption !== undefined && { caption }), ...result };
      }),
    );
    const details: ChecklistDetails = { sampleId: sample.id, keyPoints: keyPoints ?? [], completions: judged };
    return { scores: judged.map(({ score }) => score), details };
  },
};

type Result = Pick<ChecklistDetails['completions'][number], 'score' | 'mentioned'>;

async function check(
  caption: string | undefined,
  keyPoints: readonly string[],
  { judge, signal }: JudgedTools,
): Promise<Result> {
  if (caption === undefined) return { score: value(0) };
  const outcome = await judge.findKeyPoints(caption, keyPoints, signal);
  if (!('answer' in outcome)) return { score: outcome };
  return { score: value(mean(outcome.answer.map((mentioned) => (mentioned ? 1 : 0)))), mentioned: outcome.answer };
}

/** A fork may ask for this component when its data set has been chosen already. */
function noKeyPoints(sampleId: string): Score {
  return unscorable(`Sample ${sampleId} has no key points; add some to the dataset, or leave reward.checklist out.`);
}
