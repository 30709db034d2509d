import { z } from 'zod';
import { type ClipResult, captionScores, HeldOutDetails, heldOutMetrics } from '../benchmarks/held-out.ts';
import { type HeldOutMetric, referenceMetricsOf } from '../benchmarks/held-out-metrics.ts';
import { HELD_OUT_PROMPTS, named } from '../benchmarks/judged-by.ts';
import { captionedBy } from '../benchmarks/suites/captioned-by.ts';
import { madeByPolicy } from '../benchmarks/suites/made-by-policy.ts';
import { ScoreBenchmarkInput, ScoreBenchmarkOutput } from '../contracts/scoring.ts';
import { CaptionedClip } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import { parseInParts } from '../core/parse-in-parts.ts';
import type { Sample } from '../core/sample.ts';
import { scoreValue } from '../core/score.ts';
import { settledEach } from '../core/settled-each.ts';
import { keyOf } from '../core/store-layout.ts';
import { createJudge } from '../judge/create-judge.ts';
import type { Judge } from '../judge/judge.ts';
import type { Unknown } from '../judge/questions/question.ts';
import { type CaptionReading, readCaption, readReference } from '../judge/read-caption.ts';
import type { LocalTools } from '../rewards/component.ts';
import type { OpenReward } from '../rewards/custom/custom-kinds.ts';
import { type Measured, withoutWords } from '../rewards/reference/metric.ts';
import { judgedComponents, localComponents, type RewardConfig } from '../rewards/registry.ts';
import { type ComparedPhrases, sharesByCharacters, sumCompared } from '../rewards/think/compared.ts';
import { phrasesOf } from '../rewards/think/think-score.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { scoredByCustomCode } from './custom-rewards.ts';
import { scoringTools } from './scoring-tools.ts';

type BenchmarkDeps = Pick<ActivityDeps, 'store' | 'home' | 'onProgress' | 'signal' | 'outage' | 'env' | 'keyRules'>;

/**
 * Scores a policy's captions of the held-out split. Reports compare the base and the trained policy by these numbers.
 */
export function createBenchmarkActivities(deps: BenchmarkDeps) {
  const { store, home, onProgress, signal, outage, env, keyRules } = deps;
  return {
    async scoreBenchmark(rawInput: z.input<typeof ScoreBenchmarkInput>): Promise<z.infer<typeof ScoreBenchmarkOutput>> {
      const input = ScoreBenchmarkInput.parse(rawInput);
      const { suite, reward, metrics, madeWith } = input;
      const key = keyOf('heldOutScores', input);
      return store.onceJson(key, ScoreBenchmarkOutput, async () => {
        const started = performance.now();
        const all = await store.readJson(input.captions, z.array(CaptionedClip));
        const captioned = all.filter(({ notCaptioned }) => notCaptioned === undefined);
        const refused = all.flatMap(({ sampleId, notCaptioned: reason }) =>
          reason === undefined ? [] : [{ sampleId, reason }],
        );
        const { sample } = await readManifest(store, input.manifest);
        const { spent, judgeSection: section } = input;
        const judge = createJudge(input.judge, {
          ...{ store, place: key, env, spent, section, outage },
          keyRules: await keyRules?.(),
        });
        const compared: ComparedPhrases[] = [];
        const onCompared = (name: string, of: ComparedPhrases[string]) => void compared.push({ [name]: of });
        const tools = { ...scoringTools({ store, home, signal: signal?.() }, input), onCompared };
        // All phrases at once: a model that embeds them works in batches.
        const phrases = captioned.flatMap(({ parsed, sampleId }) =>
          [parsed.thought, sample(sampleId).thought].flatMap((thought) => phrasesOf(thought ?? [])),
        );
        await tools.similarity(reward.think.similarity).prepare(phrases, tools.signal);
        let done = 0;
        const clips = await scoredByCustomCode(deps, reward, input, (custom) =>
          settledEach(captioned, async (clip) => {
            const how = { judge, reward, metrics, tools, custom };
            const result = await scoreClip(clip, sample(clip.sampleId), how);
            onProgress?.({ done: ++done, total: captioned.length, what: 'clips scored' });
            return result;
          }),
        );
        const prompts = judge.isLlm && metrics.includes('events') ? named(HELD_OUT_PROMPTS) : [];
        const comparedWith = await tools.comparedWith();
        const details: HeldOutDetails = {
          ...{ suite, judge: { name: judge.name, isLlm: judge.isLlm, prompts }, clips },
          ...(refused.length > 0 && { notCaptioned: refused }),
        };
        return {
          metrics: {
            ...heldOutMetrics(clips),
            ...inPoints(sharesByCharacters(sumCompared(compared))),
            ...endpointCounts(all),
          },
          details: await store.putJsonOnce(keyOf('heldOutDetails', input), async () =>
            parseInParts(HeldOutDetails, details),
          ),
          judge: { model: judge.name, prompts, ...(judge.answeredBy.length > 0 && { answeredBy: judge.answeredBy }) },
          ...(comparedWith && { comparedWith }),
          ...(madeWith && {
            made: captionedBy(
              madeByPolicy(
                madeWith,
                all.flatMap(({ prompt }) => prompt ?? []),
              ),
              all,
            ),
          }),
          usage: judge.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

interface HowToScore {
  judge: Judge;
  reward: RewardConfig;
  metrics: readonly HeldOutMetric[];
  tools: LocalTools;
  custom: readonly OpenReward[];
}

async function scoreClip(
  { tokens, text, parsed }: CaptionedClip,
  sample: Sample,
  { judge, reward, metrics, tools, custom }: HowToScore,
): Promise<ClipResult> {
  const { caption } = parsed;
  const scores: Record<string, number | undefined> = {};
  for (const { name, score } of localComponents(reward)) {
    const [first] = await score({ sample, completions: [{ ...parsed, tokens: tokens || undefined }] }, tools);
    scores[name] = scoreValue(first!);
  }
  for (const { name, score } of custom) {
    const [first] = await score({ sample, completions: [parsed], texts: [text] });
    scores[name] = scoreValue(first!);
  }
  const { format, think } = scores;
  const result = {
    sampleId: sample.id,
    ...(caption !== undefined && { caption }),
    tokens,
    format: format!,
    ...(think !== undefined && { think }),
    ...(await compareWithReference(caption, sample, metrics, tools)),
  };
  if (!metrics.includes('events')) return { ...result, rewards: numbers(scores) };
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

/** What the metrics find that need no judge. */
async function compareWithReference(
  caption: string | undefined,
  sample: Sample,
  metrics: readonly HeldOutMetric[],
  tools: LocalTools,
): Promise<Pick<ClipResult, 'references' | 'unscorable'>> {
  const wanted = referenceMetricsOf(metrics);
  if (wanted.length === 0) return {};
  const fault = withoutWords(sample);
  if (fault !== undefined) return { unscorable: fault };
  const references: Record<string, Measured> = {};
  for (const { name, measure } of wanted)
    references[name] = (await measure([caption ?? ''], sample.caption, tools))[0]!;
  return { references };
}

/** What an endpoint left without a caption, and what was cut off at the token limit; nothing where there is none. */
function endpointCounts(captions: readonly CaptionedClip[]): Record<string, number> {
  const counts = {
    notCaptioned: captions.filter(({ notCaptioned }) => notCaptioned !== undefined).length,
    cut: captions.filter(({ cut }) => cut).length,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function inPoints(shares: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(shares).map(([name, share]) => [name, 100 * share]));
}

/** The scores without those that are unknown. */
function numbers(scores: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scores).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

function reasonOf(unknown: Unknown): string {
  return 'unscorable' in unknown ? unknown.reason : 'not answered yet';
}
