import { setImmediate as othersTurn } from 'node:timers/promises';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { probit, quantile } from 'simple-statistics';
import { seedAt } from '../core/random.ts';
import { mean, standardDeviation } from '../core/statistics.ts';
import { studentT } from '../core/student-t.ts';
import type { ClipMetric } from './clip-metrics.ts';
import type { ClipResult } from './held-out.ts';

/** Enough that a p-value of 0.001 is one, also after Holm's correction over tens of arms. */
const RESAMPLES = 10_000;
const LEVEL = 0.95;
/** Fixed, so that the same results always get the same interval. */
const SEED = 0;
/** Resamples in one go: milliseconds of work. Temporal takes a worker without a heartbeat for dead. */
const IN_ONE_GO = 200;
/** Points: equal results differ by no more than that. */
const ROUNDING = 1e-9;

/** The runs of an arm, one a seed: every run's results on the held-out clips. */
export type SeedResults = readonly (readonly ClipResult[])[];

/** How far an arm is ahead of the reference, in points. */
export interface ArmDifference {
  difference: number;
  /** 95% percentile bounds. */
  low: number;
  high: number;
  /** Two-sided, of no difference; not corrected for the number of comparisons. */
  p: number;
  /** The standard deviation of the difference over resamples. */
  standardError: number;
  /** Clips that every run of both has a score for. */
  clips: number;
}

/** The value of each run of an arm on its own clips, in points; absent values where no clip has a score. */
export function valuesOf(runs: SeedResults, metric: ClipMetric): number[] {
  return runs.flatMap((clips) => {
    const parts = clips.flatMap((clip) => [metric.parts(clip) ?? []].filter(({ length }) => length > 0));
    return parts.length === 0 ? [] : [metric.value(meansOf(parts))];
  });
}

/**
 * The paired bootstrap over clips and seeds, both: a resample draws clips with replacement, the same ones for every run
 * of both arms, and runs of each arm. A mean over few drawn runs varies too little, by (k - 1) / k for k runs: its
 * deviation is scaled up by that (Rao and Wu, 1988), and by Student's t over the normal quantile, since the spread of
 * few runs is known badly (Hesterberg, 2015). With one run an arm, the interval is of the clips alone.
 * Deterministic; `undefined` where the arms have no clip in common that all their runs have a score for.
 */
export async function compareArms(
  reference: SeedResults,
  arm: SeedResults,
  metric: ClipMetric,
): Promise<ArmDifference | undefined> {
  const names = commonClips([...reference, ...arm], metric);
  if (names.length === 0) return undefined;
  const [before, after] = [reference, arm].map((runs) => runs.map((clips) => columnsOf(clips, names, metric)));
  const generator = xoroshiro128plus(seedAt(SEED, ['arms', names.length, before!.length, after!.length]));
  const draw = (below: number) => uniformInt(generator, 0, below - 1);
  const scale = spread(before!.length + after!.length - 2);
  const weights = new Float64Array(names.length);
  const differences: number[] = [];
  const drawn = (runs: readonly Column[][]) =>
    drawnMean(
      runs.map((columns) => valueAt(columns, weights, metric)),
      scale,
      draw,
    );
  for (let i = 0; i < RESAMPLES; i++) {
    weights.fill(0);
    for (let n = 0; n < names.length; n++) weights[draw(names.length)]! += 1 / names.length;
    differences.push(drawn(after!) - drawn(before!));
    if ((i + 1) % IN_ONE_GO === 0) await othersTurn();
  }
  weights.fill(1 / names.length);
  const whole = (runs: readonly Column[][]) => mean(runs.map((columns) => valueAt(columns, weights, metric)));
  const [low, high] = quantile(differences, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]);
  return {
    difference: whole(after!) - whole(before!),
    low: low!,
    high: high!,
    p: pOf(differences),
    standardError: standardDeviation(differences),
    clips: names.length,
  };
}

/** One part of a metric, clip by clip. */
type Column = Float64Array;

/** By how much the deviation of a mean over few runs is scaled, besides what a resample of them loses. */
function spread(degrees: number): number {
  const probability = (1 + LEVEL) / 2;
  return degrees < 1 ? 1 : studentT(probability, degrees) / probit(probability);
}

/** The mean over as many runs, drawn with replacement. */
function drawnMean(values: readonly number[], scale: number, draw: (below: number) => number): number {
  const centre = mean(values);
  if (values.length === 1) return centre;
  const drawn = mean(values.map(() => values[draw(values.length)]!));
  return centre + (drawn - centre) * scale * Math.sqrt(values.length / (values.length - 1));
}

function valueAt(columns: readonly Column[], weights: Float64Array, metric: ClipMetric): number {
  return metric.value(
    columns.map((column) => {
      let sum = 0;
      for (let n = 0; n < column.length; n++) sum += weights[n]! * column[n]!;
      return sum;
    }),
  );
}

/** The share of resamples on the other side of 0, twice; never 0, since more resamples could find one. */
function pOf(differences: readonly number[]): number {
  const below = differences.filter((d) => d <= ROUNDING).length;
  const above = differences.filter((d) => d >= -ROUNDING).length;
  return Math.min(1, (2 * (Math.min(below, above) + 1)) / (differences.length + 1));
}

function commonClips(runs: SeedResults, metric: ClipMetric): string[] {
  const scored = runs.map(
    (clips) => new Set(clips.filter((clip) => metric.parts(clip) !== undefined).map(({ sampleId }) => sampleId)),
  );
  return [...(scored[0] ?? [])].filter((name) => scored.every((names) => names.has(name))).sort();
}

function columnsOf(clips: readonly ClipResult[], names: readonly string[], metric: ClipMetric): Column[] {
  const byName = new Map(clips.map((clip) => [clip.sampleId, metric.parts(clip)!]));
  const width = byName.get(names[0]!)!.length;
  return Array.from({ length: width }, (_, part) => Float64Array.from(names, (name) => byName.get(name)![part]!));
}

function meansOf(parts: readonly (readonly number[])[]): number[] {
  return parts[0]!.map((_, part) => mean(parts.map((each) => each[part]!)));
}
