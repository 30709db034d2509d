import { z } from 'zod';
import { HeldOutDetails } from '../../benchmarks/held-out.ts';
import { PrepareDatasetOutput } from '../../contracts/dataset.ts';
import { findRun, readProgress } from '../../contracts/read-progress.ts';
import type { Evaluation } from '../../contracts/run-results.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { CaptionedClip } from '../../core/completion.ts';
import { VideocapError } from '../../core/errors.ts';
import { readManifest } from '../../core/manifest.ts';
import type { PolicyRef } from '../../core/policy-ref.ts';
import type { Sample } from '../../core/sample.ts';
import { keyOf, parseKey } from '../../core/store-layout.ts';
import { isLlm } from '../../judge/judge-config.ts';
import { type AnsweredQuestion, answeredQuestions } from '../../judge/ledger/answered-questions.ts';
import { readCaption, readReference } from '../../judge/read-caption.ts';
import { clipIdentity } from '../../video/extract-frames.ts';

/** Everything that one number of a benchmark comes from, from the number to the file of the video. */
export interface ExplainedClip {
  run: string;
  step: number;
  sample: Sample;
  /** What the clip adds to the benchmark's numbers. */
  result: HeldOutDetails['clips'][number] | undefined;
  /** Of the whole benchmark, in points. */
  metrics: Evaluation['metrics'];
  caption: CaptionedClip;
  judge: HeldOutDetails['judge'];
  /** What the judge was asked about this caption, where it is a language model. */
  asked: AnsweredQuestion[];
  policy: PolicyRef;
  /** Absent: they are not in the store any more. */
  frames: ArtifactRef | undefined;
}

/**
 * Finds what lies behind a held-out clip's numbers.
 * @param run a key, or a workflow id. @param step of the benchmark; default: the best one, else the last.
 * @throws VideocapError `InvalidInput` for a run, a benchmark or a clip that is not there.
 */
export async function explainClip(
  store: ArtifactStore,
  { run: named, clip, step }: { run: string; clip: string; step?: number | undefined },
): Promise<ExplainedClip> {
  const { run, last } = await findRun(store, named);
  const { config, evaluations, best } = await readProgress(store, run, last);
  const evaluation = chosen(run, evaluations, step ?? best?.step);
  const captions = await store.readJson(evaluation.captions, z.array(CaptionedClip));
  const caption = captions.find(({ sampleId }) => sampleId === clip);
  if (!caption) throw noSuchClip(run, clip, captions);
  const dataset = await store.find(keyOf('dataset', { runKey: run }));
  if (!dataset) throw new VideocapError('CorruptArtifact', `The data set of run ${run} is gone from the store.`);
  const { manifest } = await store.readJson(dataset, PrepareDatasetOutput);
  const sample = (await readManifest(store, manifest)).sample(clip);
  const details = await store.readJson(evaluation.details, HeldOutDetails);
  const judge = config.benchmark.judge ?? config.judge;
  const text = caption.parsed.caption;
  const asked =
    isLlm(judge) && details.judge.isLlm && text !== undefined
      ? await answeredQuestions({ store, runKey: askerOf(evaluation, run), config: judge }, async (again) => {
          const reference = await readReference(again, sample);
          if ('events' in reference) await readCaption(again, text, reference, { claims: true });
        })
      : [];
  return {
    ...{ run, step: evaluation.step, sample, metrics: evaluation.metrics, caption, judge: details.judge, asked },
    result: details.clips.find(({ sampleId }) => sampleId === clip),
    policy: evaluation.policy,
    frames: await store.find(keyOf('clip', { hash: clipHash(sample, config.frames) })),
  };
}

function chosen(run: string, evaluations: readonly Evaluation[], step: number | undefined): Evaluation {
  const found = step === undefined ? evaluations.at(-1) : evaluations.find((each) => each.step === step);
  if (found) return found;
  throw noSuchBenchmark(run, step, evaluations);
}

/** What a step without a benchmark meets; `step` is absent where there is no benchmark at all. */
export function noSuchBenchmark(
  run: string,
  step: number | undefined,
  evaluations: readonly Pick<Evaluation, 'step'>[],
): VideocapError {
  if (step === undefined) return new VideocapError('InvalidInput', `Run ${run} has no benchmark yet.`);
  const steps = evaluations.map((each) => each.step).join(', ');
  return new VideocapError(
    'InvalidInput',
    `Run ${run} has no benchmark after step ${step}; it has them after ${steps}.`,
  );
}

/** Clips that an error names. */
const NAMED = 5;

/** What an id meets that no held-out clip has. */
export function noSuchClip(
  run: string,
  clip: string,
  captions: readonly Pick<CaptionedClip, 'sampleId'>[],
): VideocapError {
  const some = captions.slice(0, NAMED).map(({ sampleId }) => sampleId);
  return new VideocapError(
    'InvalidInput',
    `Run ${run} has no held-out clip "${clip}"; it has ${captions.length}, such as ${some.join(', ')}.`,
  );
}

/** A fork has benchmarks of its parent, which asked the judge. */
function askerOf({ details }: Evaluation, run: string): string {
  const place = parseKey(details.uri.replace(/^store:/, ''));
  return place?.kind === 'heldOutDetails' ? place.parts.runKey : run;
}

function clipHash({ video, start, end, fps, times }: Sample, frames: Parameters<typeof clipIdentity>[1]): string {
  const content = 'artifact' in video ? video.artifact.sha256 : video.sha256;
  return clipIdentity(content, frames, { start, end, fps, times });
}
