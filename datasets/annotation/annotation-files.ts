import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { max, mean, median, min } from 'simple-statistics';
import { writeDurably } from '../../core/durable-file.ts';
import { VideocapError } from '../../core/errors.ts';
import type { ReferenceField } from '../../core/sample.ts';
import type { JudgeUsage } from '../../judge/usage.ts';
import { fragmentOf } from '../../video/segment.ts';
import { nameFrom } from '../video-path.ts';
import {
  type Annotation,
  AnnotationStatistics,
  type BatchAnnotations,
  type CaptionedSample,
  type CaptionedSamples,
} from './annotation.ts';
import { type ReviewedSample, reviewPage } from './annotation-review.ts';
import { missingFields, promptsFor } from './makers.ts';
import { odditiesOf } from './oddities.ts';

/** What one batch of questions came to. */
export interface AnnotatedBatch {
  annotations: BatchAnnotations;
  usage: JudgeUsage;
  seconds: number;
}

/** The annotated file, the output, and the judge. */
export interface AnnotationFiles {
  /** Absolute paths of the file that was annotated, and of the one to be written. */
  dataset: string;
  output: string;
  /** The fields that samples should have. */
  make: readonly ReferenceField[];
  judge: { model: string; endpoint: string };
}

/** Where the files are, and what they came to. */
export interface AnnotationFilesWritten {
  output: string;
  review: string;
  statistics: string;
  samples: AnnotationStatistics['samples'];
  usage: AnnotationStatistics['usage'];
}

/** Where review and statistics lie: beside the annotated file, under its name. */
export function companionsOf(output: string): { review: string; statistics: string } {
  const stem = output.replace(/\.jsonl?$/i, '');
  return { review: `${stem}.review.html`, statistics: `${stem}.statistics.json` };
}

/** The first of the files to be written that is there already. */
export function existingAmong(output: string): string | undefined {
  return [output, ...Object.values(companionsOf(output))].find((path) => existsSync(path));
}

/**
 * Writes the annotated dataset, the review page and the statistics, each whole or not at all.
 * @throws VideocapError `InvalidInput` when another file has such a name.
 */
export async function writeAnnotationFiles(
  samples: CaptionedSamples,
  batches: readonly AnnotatedBatch[],
  { dataset, output, make, judge }: AnnotationFiles,
): Promise<AnnotationFilesWritten> {
  const annotations = new Map(batches.flatMap((batch) => batch.annotations).map((one) => [one.line, one.annotation]));
  const reviewed = samples.map(({ line, sample }) => review(line, sample, annotations.get(line), make));
  const statistics = AnnotationStatistics.parse({
    dataset,
    judge: { ...judge, prompt: promptsFor(make) },
    ...statisticsOf(reviewed),
    ...billOf(batches),
  } satisfies AnnotationStatistics);
  const lines = reviewed.map((one) => JSON.stringify(annotatedSample(one, dataset, output)));
  const companions = companionsOf(output);
  await mkdir(dirname(output), { recursive: true });
  await writeNew(companions.statistics, `${JSON.stringify(statistics, undefined, 2)}\n`);
  await writeNew(companions.review, reviewPage(reviewed, statistics));
  await writeNew(output, `${lines.join('\n')}\n`);
  return { output, ...companions, samples: statistics.samples, usage: statistics.usage };
}

function review(
  line: number,
  sample: CaptionedSample,
  annotation: Annotation | undefined,
  make: readonly ReferenceField[],
): ReviewedSample {
  const complete = missingFields(sample, make).length === 0;
  const oddities = annotation ? odditiesOf(sample.caption, annotation) : [];
  return {
    line,
    id: sample.id ?? `${sample.video}${fragmentOf(sample)}`,
    sample,
    ...(annotation && { annotation }),
    complete,
    oddities,
  };
}

/**
 * The sample's own fields stay and stand first; the annotation adds what was missing. The path of its video starts from
 * the new file's folder.
 */
function annotatedSample({ sample, annotation }: ReviewedSample, dataset: string, output: string): CaptionedSample {
  const { unscorable: _, ...made } = annotation ?? {};
  return { ...sample, ...made, ...sample, video: nameFrom(sample.video, dirname(dataset), dirname(output)) };
}

function statisticsOf(reviewed: readonly ReviewedSample[]) {
  const asked = reviewed.flatMap(({ annotation }) => (annotation ? [annotation] : []));
  const made = asked.filter(({ unscorable }) => unscorable === undefined);
  const unscorable = reviewed.flatMap(({ line, id, annotation }) =>
    annotation?.unscorable === undefined ? [] : [{ line, id, reason: annotation.unscorable }],
  );
  const complete = reviewed.filter((one) => one.complete).length;
  const names = reviewed.flatMap(({ oddities }) => oddities);
  return {
    samples: {
      total: reviewed.length,
      complete,
      annotated: made.length,
      unscorable: unscorable.length,
      notAsked: reviewed.length - complete - asked.length,
      odd: reviewed.filter(({ oddities }) => oddities.length > 0).length,
    },
    ...(made.length > 0 && { perSample: sizesOf(made) }),
    unscorable,
    oddities: Object.fromEntries(
      [...new Set(names)].sort().map((name) => [name, names.filter((n) => n === name).length]),
    ),
  };
}

/** How much the answers gave, by what was asked for. */
function sizesOf(made: readonly Annotation[]): AnnotationStatistics['perSample'] {
  const total = (list: readonly unknown[][]) => list.reduce((sum, { length }) => sum + length, 0);
  const given = <K extends ReferenceField>(field: K) => made.flatMap((one) => (one[field] ? [one[field]] : []));
  const thoughts = given('thought');
  const sizes = {
    subjects: thoughts.map((thought) => thought.length),
    attributes: thoughts.map((thought) => total(thought.map((one) => one.attributes))),
    actions: thoughts.map((thought) => total(thought.map((one) => one.actions))),
    events: given('events').map(({ length }) => length),
    questions: given('questions').map(({ length }) => length),
    keyPoints: given('keyPoints').map(({ length }) => length),
  };
  const known = Object.entries(sizes).filter(([, numbers]) => numbers.length > 0);
  return Object.fromEntries(known.map(([name, numbers]) => [name, spread(numbers)]));
}

function spread(numbers: number[]) {
  return { min: min(numbers), median: median(numbers), mean: mean(numbers), max: max(numbers) };
}

/** Sums over the batches; what a batch paid for is the same when it is done again. */
function billOf(batches: readonly AnnotatedBatch[]): Pick<AnnotationStatistics, 'usage' | 'seconds'> {
  const sum = (value: (batch: AnnotatedBatch) => number) => batches.reduce((total, batch) => total + value(batch), 0);
  return {
    usage: {
      calls: sum(({ usage }) => usage.calls),
      cacheHits: sum(({ usage }) => usage.cacheHits),
      inputTokens: sum(({ usage }) => usage.inputTokens),
      outputTokens: sum(({ usage }) => usage.outputTokens),
      cost: sum(({ usage }) => usage.cost),
      repeated: sum(({ usage }) => usage.repeated),
    },
    seconds: sum(({ seconds }) => seconds),
  };
}

/** Writes a file that was not there; finding the very same one, of an earlier attempt, is fine. */
async function writeNew(path: string, text: string): Promise<void> {
  if (await writeDurably(path, text, 'first wins')) return;
  if ((await readFile(path, 'utf8')) !== text)
    throw new VideocapError(
      'InvalidInput',
      `${path} exists already, and is not what this run wrote. ` +
        'Remove or rename it, and annotate again: the answers are kept and cost nothing.',
    );
}
