import { z } from 'zod';
import { JudgeCaptionsInput, JudgeCaptionsOutput } from '../contracts/stages.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { parseCompletion, Rollout } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import type { Sample } from '../core/sample.ts';
import { Score, value } from '../core/score.ts';
import { settled } from '../core/settled.ts';
import type { OutageClock } from '../judge/client/patient-endpoint.ts';
import { createJudge } from '../judge/create-judge.ts';
import type { Judge } from '../judge/judge.ts';
import type { Unknown } from '../judge/questions/question.ts';
import { CaptionReading, countsOf, type Reference, readCaption, readReference } from '../judge/read-caption.ts';
import { CaptionRatings } from '../judge/verdict.ts';
import {
  type CaptionOptions,
  type CountedOptions,
  captionReward,
  countsEvents,
  ratingsReward,
} from '../rewards/caption-reward.ts';

export interface JudgeDeps {
  store: ArtifactStore;
  onProgress?: (progress: { done: number; total: number; what: string }) => void;
  signal?: () => AbortSignal | undefined;
  /** Since when the judge has given no answer. */
  outage?: OutageClock;
  /** Where the key of an endpoint is looked up. */
  env?: NodeJS.ProcessEnv;
}

/** What lies behind a step's caption scores: one entry a completion, in the rollout's order. */
export const StepVerdicts = z.strictObject({
  judge: z.strictObject({ name: z.string(), isLlm: z.boolean() }),
  groups: z.array(
    z.strictObject({
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
    }),
  ),
});
export type StepVerdicts = z.infer<typeof StepVerdicts>;
type GroupVerdicts = StepVerdicts['groups'][number];

/** Scores captions by what the judge says of them. */
export function createJudgeActivities({ store, onProgress, signal, outage, env }: JudgeDeps) {
  return {
    async judgeCaptions(rawInput: z.input<typeof JudgeCaptionsInput>): Promise<z.infer<typeof JudgeCaptionsOutput>> {
      const input = JudgeCaptionsInput.parse(rawInput);
      const folder = `runs/${input.runKey}/step-${String(input.step).padStart(6, '0')}`;
      return store.onceJson(`${folder}/judge.json`, JudgeCaptionsOutput, async () => {
        const started = performance.now();
        const { groups } = await store.readJson(input.rollout, Rollout);
        const { train, heldOut } = await readManifest(store, input.manifest);
        const samples = new Map([...train, ...heldOut].map((sample) => [sample.id, sample]));
        const judge = createJudge(input.judge, { store, place: folder, env, spent: input.spent, outage });
        const total = groups.reduce((sum, group) => sum + group.completions.length, 0);
        let done = 0;
        const progress = () => onProgress?.({ done: done++, total, what: 'captions judged' });
        const judged = await settled(
          groups.map(({ sampleId, completions }) => {
            const captions = completions.map(({ text }) => parseCompletion(text).caption);
            return judgeGroup(judge, sampleOf(samples, sampleId), captions, input.caption, progress, signal?.());
          }),
        );
        const verdicts: StepVerdicts = { judge: { name: judge.name, isLlm: judge.isLlm }, groups: judged };
        return {
          caption: judged.map((group) => group.completions.map(({ score }) => score)),
          verdicts: await store.putJsonOnce(`${folder}/verdicts.json`, async () => StepVerdicts.parse(verdicts)),
          usage: judge.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

async function judgeGroup(
  judge: Judge,
  sample: Sample,
  captions: (string | undefined)[],
  options: CaptionOptions,
  progress: () => void,
  signal: AbortSignal | undefined,
): Promise<GroupVerdicts> {
  // Nobody is asked about a completion without a caption: that is the policy's fault, and worth 0.
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
      progress();
      return verdict;
    }),
  );
  return {
    sampleId: sample.id,
    ...(reference && 'events' in reference && { events: reference.events }),
    completions,
  };
}

type CompletionVerdict = GroupVerdicts['completions'][number];

/** Event by event. */
async function compareCaption(
  judge: Judge,
  caption: string,
  reference: Reference | Unknown,
  options: CountedOptions,
  signal: AbortSignal | undefined,
): Promise<CompletionVerdict> {
  if (!('events' in reference)) return { caption, score: reference };
  const reading = await readCaption(judge, caption, reference, { claims: options.variant === 'f1' }, signal);
  if (!('verdicts' in reading)) return { caption, score: reading };
  return { caption, score: value(captionReward(countsOf(reading), options)), reading };
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

function sampleOf(samples: ReadonlyMap<string, Sample>, id: string): Sample {
  const sample = samples.get(id);
  if (!sample) throw new Error(`The rollout has a group for sample ${id}, which is not in the dataset.`);
  return sample;
}
