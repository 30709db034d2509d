import { z } from 'zod';
import { mean } from '../core/statistics.ts';
import { JudgedBy } from '../judge/judged-by.ts';
import { CaptionReading, countsOf } from '../judge/read-caption.ts';
import { Measured, summaryOf } from '../rewards/reference/metric.ts';
import { REFERENCE_METRICS } from '../rewards/reference/metrics.ts';
import { type ClipScore, clipScore, NO_CAPTION, suiteScore } from './autodq.ts';
import { bootstrap, type Interval, pairedBootstrap } from './bootstrap.ts';
import { areShapeEvents, unitCounts, unitsOf } from './shape-units.ts';

const Points = z.strictObject({ recall: z.number(), precision: z.number() });

/** Everything that one clip adds to the suite's numbers. Scores in [0, 1]. */
export const ClipResult = z.strictObject({
  sampleId: z.string(),
  /** Absent where the policy wrote none. */
  caption: z.string().optional(),
  tokens: z.int(),
  format: z.number(),
  /** Absent where the sample has no reference thought. */
  think: z.number().optional(),
  /** What this completion would earn, by reward component; a component that could not score it is absent. */
  rewards: z.record(z.string(), z.number()),
  /** By metric that needs no judge, where the benchmark asks for them. */
  references: z.record(z.string(), Measured).optional(),
  /** The reference's events, and what the judge said. */
  events: z.array(z.string()).optional(),
  reading: CaptionReading.optional(),
  /** Why the judge did not score this clip: it is left out of the event scores, and counted. */
  unscorable: z.string().optional(),
  event: Points.optional(),
  /** Of the small world only. */
  action: Points.optional(),
  object: Points.optional(),
});
export type ClipResult = z.infer<typeof ClipResult>;

/** The details of a benchmark, as they lie in the store. */
export const HeldOutDetails = z.strictObject({
  suite: z.literal('held-out'),
  judge: z.strictObject({
    name: z.string(),
    isLlm: z.boolean(),
    /** What a language model was asked with; none of a rule. */
    prompts: JudgedBy.shape.prompts,
  }),
  clips: z.array(ClipResult),
  /** Clips that an endpoint did not caption, with the reason: they are in no number. */
  notCaptioned: z.array(z.strictObject({ sampleId: z.string(), reason: z.string() })).optional(),
});
export type HeldOutDetails = z.infer<typeof HeldOutDetails>;

/** Event, action and object scores of a caption; `reading` is absent exactly where there is no caption. */
export function captionScores(
  caption: string | undefined,
  events: readonly string[],
  reading: CaptionReading | undefined,
): Pick<ClipResult, 'event' | 'action' | 'object'> {
  const event = reading ? clipScore(countsOf(reading)) : NO_CAPTION;
  if (!areShapeEvents(events)) return { event };
  if (caption === undefined) return { event, action: NO_CAPTION, object: NO_CAPTION };
  const reference = unitsOf(events);
  const claimed = unitsOf([caption]);
  return {
    event,
    action: clipScore(unitCounts(reference.actions, claimed.actions)),
    object: clipScore(unitCounts(reference.objects, claimed.objects)),
  };
}

const KINDS = ['event', 'action', 'object'] as const;
type Numbers = Partial<Record<string, number>>;

/**
 * The suite's metrics. In points, 0-100: `eventF1`, `eventRecall`, `eventPrecision`, the same of `action` and `object`,
 * `think`,
 * `format`, the metrics that need no judge (`ciderD` up to 1000), and `distinctCaptions` (100: no caption twice). The
 * F1s,
 * `think`, `format` and those that need no judge have 95% bounds: `<name>Low`,
 * `<name>High`. Counts: `clips`, `unscorable`; `meanTokens` per completion. A metric that nothing was measured for is
 * absent.
 */
export function heldOutMetrics(clips: readonly ClipResult[]): Record<string, number> {
  if (clips.length === 0) return { clips: 0, unscorable: 0 };
  const metrics: Numbers = {};
  for (const kind of KINDS) {
    const scores = present(clips.map((clip) => clip[kind]));
    if (scores.length === 0) continue;
    const { recall, precision } = suiteScore(scores);
    Object.assign(metrics, withBounds(`${kind}F1`, scores, f1));
    Object.assign(metrics, { [`${kind}Recall`]: 100 * recall, [`${kind}Precision`]: 100 * precision });
  }
  for (const metric of Object.values(REFERENCE_METRICS)) {
    const measured = present(clips.map(({ references }) => references?.[metric.name]));
    if (measured.length > 0)
      Object.assign(
        metrics,
        withBounds(metric.name, measured, (some) => summaryOf(metric, some)),
      );
  }
  const thoughts = present(clips.map(({ think }) => think));
  if (thoughts.length > 0) Object.assign(metrics, withBounds('think', thoughts, mean));
  Object.assign(
    metrics,
    withBounds(
      'format',
      clips.map(({ format }) => format),
      mean,
    ),
  );
  return {
    ...(metrics as Record<string, number>),
    distinctCaptions: (100 * new Set(clips.map(({ caption }) => caption ?? '')).size) / clips.length,
    meanTokens: mean(clips.map(({ tokens }) => tokens)),
    clips: clips.length,
    unscorable: clips.filter(({ unscorable }) => unscorable !== undefined).length,
  };
}

export type Difference = Interval & { difference: number };

/**
 * How far `after` is ahead of `before`, in points with 95% bounds, on the clips that both have a score for: `eventF1`,
 * `actionF1`, `objectF1`, `think`, and the metrics that need no judge. Paired, so bounds are much tighter than those of
 * the two numbers on their own.
 */
export function heldOutDifferences(
  before: readonly ClipResult[],
  after: readonly ClipResult[],
): Record<string, Difference> {
  const earlier = new Map(before.map((clip) => [clip.sampleId, clip]));
  const differences: Record<string, Difference> = {};
  const compare = <T>(
    name: string,
    of: (clip: ClipResult) => T | undefined,
    statistic: (clips: readonly T[]) => number,
  ) => {
    const pairs = after.flatMap((clip) => {
      const sooner = earlier.get(clip.sampleId);
      const [a, b] = [sooner && of(sooner), of(clip)];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    if (pairs.length === 0) return;
    const [a, b] = [pairs.map(([x]) => x), pairs.map(([, x]) => x)];
    const { difference, low, high } = pairedBootstrap(a, b, statistic);
    differences[name] = { difference: 100 * difference, low: 100 * low, high: 100 * high };
  };
  for (const kind of KINDS) compare(`${kind}F1`, (clip) => clip[kind], f1);
  compare('think', ({ think }) => think, mean);
  for (const metric of Object.values(REFERENCE_METRICS))
    compare(
      metric.name,
      ({ references }) => references?.[metric.name],
      (clips) => summaryOf(metric, clips),
    );
  return differences;
}

function withBounds<T>(name: string, clips: readonly T[], statistic: (clips: readonly T[]) => number): Numbers {
  const { low, high } = bootstrap(clips, statistic);
  return { [name]: 100 * statistic(clips), [`${name}Low`]: 100 * low, [`${name}High`]: 100 * high };
}

function f1(clips: readonly ClipScore[]): number {
  return suiteScore(clips).f1;
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}
