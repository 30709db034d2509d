import { REFERENCE_ROWS } from '../../benchmarks/held-out-metrics.ts';
import { judgedBy } from '../../benchmarks/judged-by.ts';
import { heldOutMadeWithText } from '../../benchmarks/suites/made-with.ts';
import { withBounds } from '../../benchmarks/suites/suite-report.ts';
import type { Evaluation } from '../../contracts/run-results.ts';

/** The benchmark's numbers that a table shows, in this order. Others are in the report and in MLflow. */
export const SHOWN: readonly (readonly [metric: string, title: string])[] = [
  ['eventF1', 'event F1'],
  ['eventPrecision', 'event precision'],
  ['eventRecall', 'event recall'],
  ['actionF1', 'action F1'],
  ['objectF1', 'object F1'],
  ...REFERENCE_ROWS.map(({ metric, title }) => [metric, title] as const),
  ['think', 'think score'],
  ['format', 'well-formed'],
];

type Metrics = Readonly<Record<string, number>>;

/** Base and trained policy side by side, in points (0-100), with bootstrap intervals where the metrics carry them. */
export function resultTable(base: Metrics, trained: Metrics): string {
  const rows = SHOWN.flatMap(([metric, title]) => {
    const [before, after] = [base[metric], trained[metric]];
    if (before === undefined || after === undefined) return [];
    return [
      [title, withBounds(base, { metric: metric }), withBounds(trained, { metric: metric }), signed(after - before)],
    ];
  });
  return alignedTable(['held-out, points', 'base', 'trained', 'change'], rows);
}

/** Who judged the policies, and what their captions were made with, each once. */
export function judgeNotes(policies: readonly Pick<Evaluation, 'judge' | 'made'>[]): string[] {
  const made = policies.flatMap(({ judge, made }) => (made ? [heldOutMadeWithText(made, judge.model)] : []));
  return [...new Set([...policies.map(({ judge }) => judgedBy(judge)), ...made])].map((line) => `  ${line}`);
}

/** What the judge could not score, for each policy that this is true of: the means leave it out. */
export function unscoredNotes(policies: Readonly<Record<string, Metrics>>): string[] {
  return Object.entries(policies).flatMap(([name, { unscorable = 0, clips = 0, notCaptioned = 0, cut = 0 }]) => [
    ...(unscorable > 0
      ? [`  ${name}: the judge could not score ${unscorable} of ${clips} videos; they are in no event score.`]
      : []),
    ...(notCaptioned > 0
      ? [
          `  ${name}: the endpoint did not caption ${notCaptioned} of ${clips + notCaptioned} videos; they are in no ` +
            'score.',
        ]
      : []),
    ...(cut > 0 ? [`  ${name}: ${cut} captions were cut off at the token limit.`] : []),
  ]);
}

/** One policy's numbers, in points (0-100). */
export function metricsTable(metrics: Metrics): string {
  const rows = SHOWN.flatMap(([metric, title]) =>
    metrics[metric] === undefined ? [] : [[title, withBounds(metrics, { metric: metric })]],
  );
  return alignedTable(['held-out, points', 'value'], rows);
}

/** Rows of text as columns: the first to the left, the others, numbers mostly, to the right unless they are words. */
export function alignedTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  others: 'left' | 'right' = 'right',
): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 || others === 'left'
          ? `${column === 0 ? '  ' : ''}${cell.padEnd(widths[column]!)}`
          : cell.padStart(widths[column]!),
      )
      .join('   ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(1);
  return `${value < 0 && text !== '0.0' ? '-' : '+'}${text}`;
}
