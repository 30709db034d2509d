import { probit } from 'simple-statistics';
import { CLIP_METRICS } from '../benchmarks/clip-metrics.ts';
import type { ClipResult, HeldOutDetails } from '../benchmarks/held-out.ts';
import { type ArmDifference, compareArms, valuesOf } from '../benchmarks/seeds-and-clips.ts';
import type { SweepOutcome, SweepRow, SweepTable } from '../contracts/sweep-results.ts';
import { holm } from '../core/holm.ts';
import { mean, standardDeviation } from '../core/statistics.ts';

/** One run with what the table is made of. */
export interface MeasuredRun extends SweepOutcome {
  /** Of runs that count. */
  measured?: HeldOutDetails | undefined;
  steps?: number;
  rewards?: SweepRow['rewards'];
  judgeCalls: number;
  judgeUsd: number;
  seconds: number;
}

export interface Compared extends Pick<SweepTable, 'name' | 'metric' | 'reference' | 'shared'> {
  runs: readonly MeasuredRun[];
}

export const SIGNIFICANT = 0.05;
/** The share of sweeps that would find the smallest difference. */
const POWER = 0.8;
/** Below, a percentile interval over seeds is rough. */
const ENOUGH_SEEDS = 5;
const ENOUGH_CLIPS = 200;
/** Names in one sentence. */
const MOST_NAMED = 8;

/** The table of a sweep: every arm in every condition, against the reference arm on the same clips. Deterministic. */
export async function sweepTable({ name, metric, reference, shared, runs }: Compared): Promise<SweepTable> {
  const conditions = [...new Set(runs.map(({ condition }) => condition))];
  const differences = new Map<SweepRow, ArmDifference>();
  const parts = [];
  for (const condition of conditions) {
    const here = runs.filter((run) => run.condition === condition);
    const rows: SweepRow[] = [];
    for (const arm of new Set(here.map((run) => run.arm))) {
      const row = rowOf(arm, here, metric);
      rows.push(row);
      if (arm === reference) continue;
      const [before, after] = [clipsOf(here, reference), clipsOf(here, arm)];
      const found = before.length > 0 && after.length > 0 && (await compareArms(before, after, CLIP_METRICS[metric]!));
      if (found) differences.set(row, found);
    }
    const clips = Math.max(0, ...here.map(({ measured }) => measured?.clips.length ?? 0));
    parts.push({ name: condition, clips, rows });
  }
  const corrected = holm([...differences.values()].map(({ p }) => p));
  [...differences].forEach(([row, { standardError, ...found }], i) => {
    row.against = {
      ...found,
      corrected: corrected[i]!,
      smallest: smallestDifference(standardError, differences.size),
    };
  });
  const judges = [...new Set(runs.flatMap(({ measured }) => (measured ? [measured.judge.name] : [])))];
  const table = { name, metric, reference, conditions: parts, judges, shared };
  const leftOut = runs
    .filter(({ state, measured }) => state !== 'finished' || !measured)
    .map(({ arm, condition, seed, state, reason }) => ({
      arm,
      run: `${arm}, ${condition}, seed ${seed}`,
      state,
      reason: reason ?? 'it has no benchmark',
    }));
  return { ...table, leftOut, verdict: verdictOf(table), warnings: warningsOf(table, leftOut) };
}

/** The results of an arm's runs that count, one a seed. */
function clipsOf(runs: readonly MeasuredRun[], arm: string): ClipResult[][] {
  return runs.flatMap((run) =>
    run.arm === arm && run.state === 'finished' && run.measured ? [run.measured.clips] : [],
  );
}

function rowOf(arm: string, here: readonly MeasuredRun[], metric: string): SweepRow {
  const own = here.filter((run) => run.arm === arm);
  const clips = clipsOf(own, arm);
  const values = valuesOf(clips, CLIP_METRICS[metric]!);
  const others = Object.entries(CLIP_METRICS).flatMap(([name, other]) => {
    const each = name === metric ? [] : valuesOf(clips, other);
    return each.length === 0 ? [] : [[name, mean(each)] as const];
  });
  const { steps, rewards } = own.find((run) => run.steps !== undefined) ?? {};
  const sum = (number: (run: MeasuredRun) => number) => own.reduce((total, run) => total + number(run), 0);
  return {
    arm,
    seeds: own.filter(({ state, measured }) => state === 'finished' && measured).map(({ seed }) => seed),
    values,
    mean: values.length === 0 ? null : mean(values),
    deviation: values.length < 2 ? null : standardDeviation(values),
    others: Object.fromEntries(others),
    ...(steps !== undefined && { steps }),
    ...(rewards && { rewards }),
    judgeCalls: sum(({ judgeCalls }) => judgeCalls),
    judgeUsd: sum(({ judgeUsd }) => judgeUsd),
    seconds: sum(({ seconds }) => seconds),
  };
}

/** With Bonferroni's bound for the level, which is Holm's for the smallest p-value. */
function smallestDifference(standardError: number, comparisons: number): number {
  return (probit(1 - SIGNIFICANT / (2 * comparisons)) + probit(POWER)) * standardError;
}

type Judged = Omit<SweepTable, 'verdict' | 'warnings' | 'leftOut'>;

/** What the numbers say of the arms against the reference: a sentence for each condition. */
export function verdictOf({ conditions, reference, metric }: Judged): string[] {
  const verdicts = conditions.flatMap(({ name, rows }) => {
    const compared = rows.flatMap(({ arm, against }) => (against ? [{ ...against, arm }] : []));
    const where = conditions.length > 1 ? `, ${name}` : '';
    return compared.length === 0 ? [] : [`${metric}${where}: ${verdictOn(compared, reference)}.`];
  });
  if (verdicts.length === 0) return [`Nothing can be compared with ${reference}: too few runs have finished.`];
  const comparisons = conditions.flatMap(({ rows }) => rows.filter(({ against }) => against)).length;
  const corrected = comparisons === 1 ? 'one comparison' : `${comparisons} comparisons, corrected by Holm`;
  return [...verdicts, `A difference counts at p < ${SIGNIFICANT} (${corrected}).`];
}

function verdictOn(compared: readonly (NonNullable<SweepRow['against']> & { arm: string })[], reference: string) {
  const isTold = ({ corrected, difference }: (typeof compared)[number]) => corrected < SIGNIFICANT && difference !== 0;
  const ahead = compared.filter((each) => isTold(each) && each.difference > 0);
  const behind = compared.filter((each) => isTold(each) && each.difference < 0);
  const open = compared.filter((each) => !isTold(each));
  const shown = ({ arm, difference, low, high }: (typeof compared)[number]) =>
    `${arm} by ${Math.abs(difference).toFixed(1)} (${signed(low)} to ${signed(high)})`;
  return [
    ...(ahead.length > 0 ? [`ahead of ${reference}: ${listed(ahead.map(shown))}`] : []),
    ...(behind.length > 0 ? [`behind ${reference}: ${listed(behind.map(shown))}`] : []),
    ...(open.length > 0 ? [`no difference to ${reference} can be told of ${listed(open.map(({ arm }) => arm))}`] : []),
  ].join('; ');
}

function warningsOf({ conditions, judges, reference }: Judged, leftOut: SweepTable['leftOut']): string[] {
  const rows = conditions.flatMap((condition) => condition.rows.map((row) => ({ ...row, condition })));
  const named = (which: (seeds: number) => boolean) => [
    ...new Set(rows.filter(({ seeds, steps }) => steps !== 0 && which(seeds.length)).map(({ arm }) => arm)),
  ];
  const [none, one, few] = [
    named((seeds) => seeds === 0),
    named((seeds) => seeds === 1),
    named((seeds) => seeds > 1 && seeds < ENOUGH_SEEDS),
  ];
  const early = [...new Set(leftOut.filter(({ state }) => state === 'early').map(({ arm }) => arm))];
  const clips = Math.min(...conditions.flatMap((condition) => (condition.clips > 0 ? [condition.clips] : [])));
  const smaller = rows.filter(({ against, condition }) => against && against.clips < condition.clips);
  const undecided = rows.filter(({ seeds, against, arm }) => arm !== reference && seeds.length > 0 && !against);
  return [
    ...(none.length > 0 ? [`No run of ${listed(none)} has finished`] : []),
    ...(one.length > 0
      ? [`One seed of ${listed(one)}: the spread over seeds is unknown, and their intervals are of the clips alone`]
      : []),
    ...(few.length > 0 ? [`Fewer than ${ENOUGH_SEEDS} seeds of ${listed(few)}: their intervals are rough`] : []),
    ...(clips < ENOUGH_CLIPS
      ? [`${clips} held-out clips are few: from ${ENOUGH_CLIPS} on, differences of a few points can be told`]
      : []),
    ...(leftOut.length > 0 ? [`${leftOut.length} run${leftOut.length === 1 ? ' is' : 's are'} in no number`] : []),
    ...(smaller.length > 0
      ? [`Clips that the judge did not score in every run are left out: ${listed(smaller.map(({ arm }) => arm))}`]
      : []),
    ...(undecided.length > 0
      ? [`Without a comparison, since ${reference} has no result there: ${listed(undecided.map(({ arm }) => arm))}`]
      : []),
    ...(early.length > 0
      ? [`Arms were stopped early by the clips that decide, ${listed(early)}: p-values of the others are too small`]
      : []),
    ...(judges.length > 1
      ? [`Runs were judged by different judges, ${judges.join(' and ')}: do not compare them`]
      : []),
  ];
}

function listed(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const rest = unique.length - MOST_NAMED;
  return rest > 0 ? `${unique.slice(0, MOST_NAMED).join(', ')} and ${rest} more` : unique.join(', ');
}

/** `+1.2`, `-0.4`. */
export function signed(points: number): string {
  const text = Math.abs(points).toFixed(1);
  return `${points < 0 && text !== '0.0' ? '-' : '+'}${text}`;
}
