import type { Column, PublishedRow } from '../../activities/benchmark/suites/suite.ts';
import { withBounds } from '../../activities/benchmark/suites/suite-report.ts';
import type { SuiteCounts } from '../../core/stages.ts';
import { alignedTable } from './result-table.ts';

export interface TableOf {
  title: string;
  columns: readonly Column[];
  published: readonly PublishedRow[];
}

/** Published models that a terminal has room for; the report has them all. */
const MOST_MODELS = 2;

/** A line for every number of a suite, with its bounds, beside what was published: VideoCap-R1 first. */
export function suiteTable(
  subject: string,
  metrics: Readonly<Record<string, number>>,
  { title, columns, published }: TableOf,
): string {
  const paper = ({ model }: PublishedRow) => (model.startsWith('VideoCap-R1') ? 0 : 1);
  const others = published
    .filter((row) => columns.some(({ metric }) => row.metrics[metric] !== undefined))
    .sort((a, b) => paper(a) - paper(b))
    .slice(0, MOST_MODELS);
  return alignedTable(
    [title, subject, ...others.map(({ model }) => model)],
    columns
      .filter(({ metric }) => metrics[metric] !== undefined)
      .map((column) => [
        column.label,
        ...[metrics, ...others.map((row) => row.metrics)].map((row) => withBounds(row, column)),
      ]),
  );
}

/** `998 of 1000 items scored, 2 without a caption, 1 unscorable, 1 missing`; what is 0 is not mentioned. */
export function countsLine({ items, scored, withoutCaption, unscorable, missing }: SuiteCounts): string {
  const parts = [
    [withoutCaption, 'without a caption'],
    [unscorable, 'unscorable'],
    [missing, 'missing'],
  ] as const;
  const others = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [`${scored} of ${items} items scored`, ...others].join(', ');
}
