import { z } from 'zod';
import { type ClipResult, captionScores, HeldOutDetails, heldOutMetrics } from '../benchmarks/held-out.ts';
import { HELD_OUT_PROMPTS, named } from '../benchmarks/judged-by.ts';
import { CaptionedClip, ScoreBenchmarkInput, ScoreBenchmarkOutput } from '../contracts/stages.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { parseCompletion } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import type { Sample } from '../core/sample.ts';
import { settled } from '../core/settled.ts';
import type { OutageClock } from '../judge/client/patient-endpoint.ts';
import { createJudge } from '../judge/create-judge.ts';
import type { Judge } from '../judge/judge.ts';
import type { Unknown } from '../judge/questions/question.ts';
import { type CaptionReading, readCaption, readReference } from '../judge/read-caption.ts';
import { createSimilarity } from '../rewards/think/create-similarity.ts';
import type { PhraseSimilarity } from '../rewards/think/similarity.ts';
import { phrasesOf, thinkScore } from '../rewards/think/think-score.ts';
import { formatScore } from './score-thoughts.ts';

export interface BenchmarkDeps {
  store: ArtifactStore;
  /** The installation's folder, where the embedding model is. */
  home: string;
  onProgress?: (progress: { done: number; total: number; what: string }) => void;
  signal?: () => AbortSignal | undefined;
  /** Since when the judge has given no answer. */
  outage?: OutageClock;
  /** Where the key of a judge endpoint is looked up. */
  env?: NodeJS.ProcessEnv;
}

type Think = z.infer<typeof ScoreBenchmarkInput>['think'];

/** Scores a policy's greedy captions of a suite: what the base and the trained policy are compared by. */
export function createBenchmarkActivities({ store, home, onProgress, signal, outage, env }: BenchmarkDeps) {
  return {
    async scoreBenchmark(rawInput: z.input<typeof ScoreBenchmarkInput>): Promise<z.infer<typeof ScoreBenchmarkOutput>> {
      const input = ScoreBenchmarkInput.parse(rawInput);
      const folder = `runs/${input.runKey}/step-${String(input.step).padStart(6, '0')}`;
      return store.onceJson(`${folder}/benchmark-${input.suite}.json`, ScoreBenchmarkOutput, async () => {
        const started = performance.now();
        const captioned = await store.readJson(input.captions, z.array(CaptionedClip));
        const { heldOut } = await readManifest(store, input.manifest);
        const samples = new Map(heldOut.map((sample) => [sample.id, sample]));
        const judge = createJudge(input.judge, {
          store,
          place: `${folder}/benchmark-${input.suite}`,
          env,
          spent: input.spent,
          outage,
        });
        const similarity = createSimilarity(input.think.similarity, home);
        const thoughts = captioned.flatMap(({ text, sampleId }) => [
          ...phrasesOf(parseCompletion(text).thought ?? []),
          ...phrasesOf(samples.get(sampleId)?.thought ?? []),
        ]);
        const compare = await similarity.prepare(thoughts, signal?.());
        let done = 0;
        const clips = await settled(
          captioned.map(async (clip) => {
            const result = await scoreClip(
              judge,
              clip,
              sampleOf(samples, clip.sampleId),
              compare,
              input.think,
              signal?.(),
            );
            onProgress?.({ done: ++done, total: captioned.length, what: 'clips scored' });
            return result;
          }),
        );
        const prompts = judge.isLlm ? named(HELD_OUT_PROMPTS) : [];
        const details: HeldOutDetails = {
          suite: input.suite,
          judge: { name: judge.name, isLlm: judge.isLlm, prompts },
          clips,
        };
        return {
          metrics: heldOutMetrics(clips),
          details: await store.putJsonOnce(`${folder}/benchmark-${input.suite}-details.json`, async () =>
            HeldOutDetails.parse(details),
          ),
          judge: { model: judge.name, prompts },
          usage: judge.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },
  };
}

async function scoreClip(
  judge: Judge,
  { text, tokens }: CaptionedClip,
  sample: Sample,
  compare: PhraseSimilarity,
  options: Think,
  signal: AbortSignal | undefined,
): Promise<ClipResult> {
  const completion = parseCompletion(text);
  const { caption, thought } = completion;
  const think = thought && sample.thought ? thinkScore(thought, sample.thought, compare, options).score : 0;
  const result = {
    sampleId: sample.id,
    ...(caption !== undefined && { caption }),
    tokens,
    format: formatScore(completion),
    ...(sample.thought && { think }),
  };
  const reference = await readReference(judge, sample, signal);
  if (!('events' in reference)) return { ...result, unscorable: reasonOf(reference) };
  const reading: CaptionReading | Unknown | undefined =
    caption === undefined ? undefined : await readCaption(judge, caption, reference, { claims: true }, signal);
  const { events } = reference;
  if (reading && !('verdicts' in reading)) return { ...result, events, unscorable: reasonOf(reading) };
  return { ...result, events, ...(reading && { reading }), ...captionScores(caption, events, reading) };
}

function reasonOf(unknown: Unknown): string {
  return 'unscorable' in unknown ? unknown.reason : 'not answered yet';
}

function sampleOf(samples: ReadonlyMap<string, Sample>, id: string): Sample {
  const sample = samples.get(id);
  if (!sample) throw new Error(`There is a caption for sample ${id}, which is not in the dataset's held-out split.`);
  return sample;
}
