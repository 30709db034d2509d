import { z } from 'zod';
import { type ClipResult, captionScores, HeldOutDetails, heldOutMetrics } from '../benchmarks/held-out.ts';
import { HELD_OUT_PROMPTS, named } from '../benchmarks/judged-by.ts';
import { ScoreBenchmarkInput, ScoreBenchmarkOutput } from '../contracts/scoring.ts';
import { CaptionedClip } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import type { Sample } from '../core/sample.ts';
import { scoreValue } from '../core/score.ts';
import { settled } from '../core/settled.ts';
import { keyOf } from '../core/store-layout.ts';
import { createJudge } from '../judge/create-judge.ts';
import type { Judge } from '../judge/judge.ts';
import type { Unknown } from '../judge/questions/question.ts';
import { type CaptionReading, readCaption, readReference } from '../judge/read-caption.ts';
import type { LocalTools } from '../rewards/component.ts';
import { judgedComponents, localComponents, type RewardConfig } from '../rewards/registry.ts';
import { createSimilarity } from '../rewards/think/create-similarity.ts';
import type { SimilarityName } from '../rewards/think/similarity.ts';
import { phrasesOf } from '../rewards/think/think-score.ts';
import type { ActivityDeps } from './activity-deps.ts';

type BenchmarkDeps = Pick<ActivityDeps, 'store' | 'home' | 'onProgress' | 'signal' | 'outage' | 'env'>;

/** Scores a policy's captions of the held-out split: what the base and the trained policy are compared by. */
export function createBenchmarkActivities({ store, home, onProgress, signal, outage, env }: BenchmarkDeps) {
  return {
    async scoreBenchmark(rawInput: z.input<typeof ScoreBenchmarkInput>): Promise<z.infer<typeof ScoreBenchmarkOutput>> {
      const input = ScoreBenchmarkInput.parse(rawInput);
      const { suite, reward } = input;
      const key = keyOf('heldOutScores', input);
      return store.onceJson(key, ScoreBenchmarkOutput, async () => {
        const started = performance.now();
        const captioned = await store.readJson(input.captions, z.array(CaptionedClip));
        const { sample } = await readManifest(store, input.manifest);
        const judge = createJudge(input.judge, { store, place: key, env, spent: input.spent, outage });
        const tools = { similarity: (name: SimilarityName) => createSimilarity(name, home), signal: signal?.() };
        // All phrases at once: a model that embeds them works in batches.
        const phrases = captioned.flatMap(({ parsed, sampleId }) =>
          [parsed.thought, sample(sampleId).thought].flatMap((thought) => phrasesOf(thought ?? [])),
        );
        await tools.similarity(reward.think.similarity).prepare(phrases, tools.signal);
        let done = 0;
        const clips = await settled(
          captioned.map(async (clip) => {
            const result = await scoreClip(clip, sample(clip.sampleId), judge, reward, tools);
            onProgress?.({ done: ++done, total: captioned.length, what: 'clips scored' });
            return result;
          }),
        );
        const prompts = judge.isLlm ? named(HELD_OUT_PROMPTS) : [];
        const details: HeldOutDetails = { suite, judge: { name: judge.name, isLlm: judge.isLlm, prompts }, clips };
        return {
          metrics: heldOutMetrics(clips),
          details: await store.putJsonOnce(keyOf('heldOutDetails', input), async () => HeldOutDetails.parse(details)),
          judge: { model: judge.name, prompts },
          usage: judge.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

async function scoreClip(
  { tokens, parsed }: CaptionedClip,
  sample: Sample,
  judge: Judge,
  reward: RewardConfig,
  tools: LocalTools,
): Promise<ClipResult> {
  const { caption } = parsed;
  const scores: Record<string, number | undefined> = {};
  for (const { name, score } of localComponents(reward)) {
    const [first] = await score({ sample, completions: [parsed] }, tools);
    scores[name] = scoreValue(first!);
  }
  const { format, think } = scores;
  const result = {
    sampleId: sample.id,
    ...(caption !== undefined && { caption }),
    tokens,
    format: format!,
    ...(think !== undefined && { think }),
  };
  const reference = await readReference(judge, sample, tools.signal);
  if (!('events' in reference)) return { ...result, rewards: numbers(scores), unscorable: reasonOf(reference) };
  const reading: CaptionReading | Unknown | undefined =
    caption === undefined ? undefined : await readCaption(judge, caption, reference, { claims: true }, tools.signal);
  const { events } = reference;
  if (reading && !('verdicts' in reading))
    return { ...result, rewards: numbers(scores), events, unscorable: reasonOf(reading) };
  for (const { name, scoreOf } of judgedComponents(reward)) scores[name] = reading ? scoreOf(reading) : 0;
  return {
    ...result,
    rewards: numbers(scores),
    events,
    ...(reading && { reading }),
    ...captionScores(caption, events, reading),
  };
}

/** The scores that there are. */
function numbers(scores: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scores).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

function reasonOf(unknown: Unknown): string {
  return 'unscorable' in unknown ? unknown.reason : 'not answered yet';
}
