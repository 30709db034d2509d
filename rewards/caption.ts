import { z } from 'zod';
import { Score, value } from '../core/score.ts';
import { settled } from '../core/settled.ts';
import type { Judge } from '../judge/judge.ts';
import { CaptionReading, countsOf, type Reference, readCaption, readReference } from '../judge/read-caption.ts';
import { CaptionRatings } from '../judge/verdict.ts';
import { CaptionOptions, type CountedOptions, captionReward, countsEvents, ratingsReward } from './caption-reward.ts';
import { type JudgedComponent, type JudgedTools, Weight } from './component.ts';

export const CaptionConfig = CaptionOptions.extend({ weight: Weight });
export type CaptionConfig = z.infer<typeof CaptionConfig>;

/** What led to the caption scores of one group: one entry a completion, in the rollout's order. */
export const CaptionDetails = z.strictObject({
  sampleId: z.string(),
  /** The reference's events; absent where they could not be read, or are not compared with. */
  events: z.array(z.string()).optional(),
  completions: z.array(
    z.strictObject({
      caption: z.string().optional(),
      score: Score,
      reading: CaptionReading.optional(),
      ratings: CaptionRatings.optional(),
    }),
  ),
});
export type CaptionDetails = z.infer<typeof CaptionDetails>;

/**
 * How much of the sample's reference the caption entails, by the judge's verdicts, in [0, 1]. A completion without a
 * caption is the policy's fault and worth 0, and the judge is not asked about it.
 */
export const caption: JudgedComponent<CaptionConfig> = {
  name: 'caption',
  config: CaptionConfig,
  range: [0, 1],
  colour: 'orange',
  scored: 'by the judge',
  details: CaptionDetails,
  async score({ sample, completions }, config, tools) {
    const details = await judgeGroup(
      sample,
      completions.map(({ caption }) => caption),
      config,
      tools,
    );
    return { scores: details.completions.map(({ score }) => score), details };
  },
  scoreOf: (reading, config) => (countsEvents(config) ? captionReward(countsOf(reading), config) : undefined),
};

async function judgeGroup(
  sample: { id: string; caption: string; events?: string[] | undefined },
  captions: (string | undefined)[],
  options: CaptionOptions,
  { judge, onScored, signal }: JudgedTools,
): Promise<CaptionDetails> {
  if (!captions.some((caption) => caption !== undefined))
    return { sampleId: sample.id, completions: captions.map(() => ({ score: value(0) })) };
  const counted = countsEvents(options) ? options : undefined;
  const reference = counted && (await readReference(judge, sample, signal));
  const completions = await settled(
    captions.map(async (caption) => {
      const verdict =
        caption === undefined
          ? { score: value(0) }
          : counted && reference
            ? await compareCaption(judge, caption, reference, counted, signal)
            : await rateCaption(judge, caption, sample.caption, signal);
      onScored();
      return verdict;
    }),
  );
  return {
    sampleId: sample.id,
    ...(reference && 'events' in reference && { events: reference.events }),
    completions,
  };
}

type CompletionVerdict = CaptionDetails['completions'][number];

/** Event by event. */
async function compareCaption(
  judge: Judge,
  caption: string,
  reference: Awaited<ReturnType<typeof readReference>>,
  options: CountedOptions,
  signal: AbortSignal | undefined,
): Promise<CompletionVerdict> {
  if (!isReference(reference)) return { caption, score: reference };
  const reading = await readCaption(judge, caption, reference, { claims: options.variant === 'f1' }, signal);
  if (!('verdicts' in reading)) return { caption, score: reading };
  return { caption, score: value(captionReward(countsOf(reading), options)), reading };
}

function isReference(read: Awaited<ReturnType<typeof readReference>>): read is Reference {
  return 'events' in read;
}

/** As a whole. */
async function rateCaption(
  judge: Judge,
  caption: string,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<CompletionVerdict> {
  const rated = await judge.rate(caption, reference, signal);
  if (!('answer' in rated)) return { caption, score: rated };
  return { caption, score: value(ratingsReward(rated.answer)), ratings: rated.answer };
}
