import type { SuiteName } from '../../benchmarks/benchmark-config.ts';
import { judgedBy } from '../../benchmarks/judged-by.ts';
import { madeWithText } from '../../benchmarks/suites/made-with.ts';
import type { Column, PublishedRow } from '../../benchmarks/suites/suite.ts';
import { countsLine, fewScored } from '../../benchmarks/suites/suite-counts.ts';
import { withBounds } from '../../benchmarks/suites/suite-report.ts';
import { suiteNamed } from '../../benchmarks/suites/suites.ts';
import type { Evaluation } from '../../contracts/run-results.ts';
import { alignedTable } from './result-table.ts';

export interface TableOf {
  title: string;
  columns: readonly Column[];
  published: readonly PublishedRow[];
}

/** Published models that a terminal has room for; the report has them all. */
const MOST_MODELS = 2;

export type Metrics = Readonly<Record<string, number>>;

/**
 * A line for every number of a suite, with its bounds, a column a subject, beside what was published: VideoCap-R1
 * first.
 */
export function suiteTable(
  subjects: Readonly<Record<string, Metrics>>,
  { title, columns, published }: TableOf,
): string {
  const ours = Object.values(subjects);
  const paper = ({ model }: PublishedRow) => (model.startsWith('VideoCap-R1') ? 0 : 1);
  const others = published
    .filter((row) => columns.some(({ metric }) => row.metrics[metric] !== undefined))
    .sort((a, b) => paper(a) - paper(b))
    .slice(0, MOST_MODELS);
  return alignedTable(
    [title, ...Object.keys(subjects), ...others.map(({ model }) => model)],
    columns
      .filter(({ metric }) => ours.some((metrics) => metrics[metric] !== undefined))
      .map((column) => [
        column.label,
        ...[...ours, ...others.map((row) => row.metrics)].map((row) => withBounds(row, column)),
      ]),
  );
}

/** A suite's table over several policies of a run, with what each left out. */
export function suiteLines(
  name: SuiteName,
  evaluations: Readonly<Record<string, Pick<Evaluation, 'suites'>>>,
): string[] {
  const measured = Object.entries(evaluations).flatMap(([subject, { suites = [] }]) =>
    suites.filter(({ suite }) => suite === name).map((result) => ({ subject, ...result })),
  );
  const judges = new Set(measured.map(({ judge }) => judgedBy(judge)));
  const { notes = [], ...suite } = suiteNamed(name);
  return [
    suiteTable(Object.fromEntries(measured.map(({ subject, metrics }) => [subject, metrics])), suite),
    '',
    ...[...judges, ...notes].map((line) => `  ${line}`),
    ...measured.flatMap(({ subject, counts, judge, madeWith, warnings = [] }) => [
      `  ${subject}: ${countsLine(counts)}`,
      ...(madeWith ? [`  ${madeWithText(madeWith, judge.model)}`] : []),
      ...[...fewScored(counts), ...warnings].map((warning) => `  WARNING: ${warning}`),
    ]),
  ];
}
