import type { Column, PublishedRow } from '../../activities/benchmark/suites/suite.ts';
import type { SuiteCounts } from '../../core/stages.ts';
import { alignedTable, withBounds } from './result-table.ts';

type Metrics = Readonly<Record<string, number>>;

/** Columns that a terminal has room for; the report has them all. */
const MOST_COLUMNS = 3;

/** A suite's numbers, with their bounds, above what others published. */
export function suiteTable(
  subject: string,
  metrics: Metrics,
  { columns, published, title }: { columns: readonly Column[]; published: readonly PublishedRow[]; title: string },
): string {
  const shown = columns.slice(0, MOST_COLUMNS);
  const cells = (values: Metrics) =>
    shown.map(({ metric }) => (values[metric] === undefined ? '' : withBounds(values, metric)));
  const rows = [
    [subject, ...cells(metrics)],
    ...published
      .filter((row) => shown.some(({ metric }) => row.metrics[metric] !== undefined))
      .map((row) => [row.model, ...cells(row.metrics)]),
  ];
  return alignedTable([title, ...shown.map(({ label }) => label)], rows);
}

/** `998 of 1000 items scored, 2 without a caption (0 points), 1 unscorable, 1 missing`; what is 0 is not mentioned. */
export function countsLine({ items, scored, withoutCaption, unscorable, missing }: SuiteCounts): string {
  const parts = [
    [withoutCaption, 'without a caption'],
    [unscorable, 'unscorable'],
    [missing, 'missing'],
  ] as const;
  const others = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [`${scored} of ${items} items scored`, ...others].join(', ');
}
