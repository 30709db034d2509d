import { PAPER_ABLATION, PAPER_METHODS } from '../benchmarks/paper-tables.ts';
import type { SweepRow, SweepTable } from '../contracts/sweep-results.ts';
import { signed } from './sweep-table.ts';

/** Metrics beside the one that decides, in this order. */
const BESIDE: readonly (readonly [metric: string, title: string])[] = [
  ['eventF1', 'event F1'],
  ['actionF1', 'action F1'],
  ['objectF1', 'object F1'],
  ['think', 'think'],
  ['format', 'well-formed'],
];

/** The head and the cells of one condition's table: for Markdown, and for a terminal. */
export function sweepCells(table: SweepTable, rows: readonly SweepRow[]): { head: string[]; cells: string[][] } {
  const beside = BESIDE.filter(
    ([metric]) => metric !== table.metric && rows.some(({ others }) => others[metric] !== undefined),
  );
  const isPaid = rows.some(({ judgeCalls }) => judgeCalls > 0);
  const head = [
    'arm',
    'seeds',
    `${table.metric} (sd)`,
    `vs ${table.reference}`,
    '95% interval',
    'p (Holm)',
    'could see',
    ...beside.map(([, title]) => title),
    ...(isPaid ? ['judge calls', 'USD'] : []),
    'minutes',
  ];
  const cells = rows.map((row) => {
    const { against } = row;
    const of = (text: (found: NonNullable<typeof against>) => string) => (against ? text(against) : '');
    return [
      row.arm,
      String(row.seeds.length),
      row.mean === null
        ? '-'
        : `${row.mean.toFixed(1)}${row.deviation === null ? '' : ` (${row.deviation.toFixed(1)})`}`,
      of(({ difference }) => signed(difference)),
      of(({ low, high }) => `${signed(low)} to ${signed(high)}`),
      of(({ corrected }) => shownP(corrected)),
      of(({ smallest }) => smallest.toFixed(1)),
      ...beside.map(([metric]) => row.others[metric]?.toFixed(1) ?? '-'),
      ...(isPaid ? [String(row.judgeCalls), row.judgeUsd.toFixed(2)] : []),
      (row.seconds / 60).toFixed(1),
    ];
  });
  return { head, cells };
}

function shownP(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** How much the runs of a sweep had in common, a sentence each. */
export function sharedLines({ shared: { videos, answers, startCaptions } }: SweepTable): string[] {
  return [
    ...(videos.used > 0
      ? [`Videos: ${videos.used} in the data sets of all runs, ${videos.made} made and decoded`]
      : []),
    ...(answers.used > 0
      ? [`Answers of the judge in training: ${answers.used}, of which ${answers.paid} were paid for`]
      : []),
    ...(startCaptions.used > 0
      ? [`Benchmarks of start policies: ${startCaptions.used}, captioned ${startCaptions.made} times`]
      : []),
  ];
}

/** The whole result as Markdown: verdict, warnings, a table a condition, and what the paper published. */
export function sweepMarkdown(table: SweepTable): string {
  const { name, conditions, verdict, warnings, leftOut, judges } = table;
  return [
    `# ${name}`,
    '',
    verdict,
    '',
    ...warnings.map((warning) => `- **Warning:** ${warning}.`),
    ...conditions.flatMap((condition) => [
      '',
      `## ${condition.name}: ${condition.clips} held-out clips`,
      '',
      ...markdownTable(sweepCells(table, condition.rows)),
    ]),
    '',
    'Points, 0-100. Mean and standard deviation over seeds; difference with its paired bootstrap interval over clips ' +
      'and seeds; `could see`: the smallest difference that four of five such sweeps would find. ' +
      `Judge: ${judges.join(', ') || 'none'}.`,
    '',
    ...sharedLines(table).map((line) => `- ${line}.`),
    ...(leftOut.length > 0
      ? [
          '',
          '## In no number',
          '',
          ...leftOut.map(({ run, state, reason }) => `- ${escaped(run)}: ${state}, ${escaped(reason)}`),
        ]
      : []),
    ...paperLines(),
    '',
  ].join('\n');
}

/** What the paper published, beside ours. */
export function paperLines(): string[] {
  const shown = (value?: number) => value?.toFixed(1) ?? '?';
  return [
    '',
    '## Published: another model, other data, other benchmarks',
    '',
    ...markdownTable({
      head: ['VideoCap-R1, tables 2 and 3', 'DREAM-1K F1', 'VDC', 'average', 'source'],
      cells: PAPER_METHODS.map(({ arm, dream1k, vdc, average, source }) => [
        arm,
        shown(dream1k),
        shown(vdc),
        shown(average),
        source,
      ]),
    }),
    '',
    ...PAPER_ABLATION.map((sentence) => `- ${sentence}`),
  ];
}

function markdownTable({ head, cells }: { head: string[]; cells: string[][] }): string[] {
  const line = (row: readonly string[]) => `| ${row.map(escaped).join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`, ...cells.map(line)];
}

/** Names and reasons come from a person's file or a server's error. */
function escaped(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\|<>[\]`*_]/g, '\\$&');
}
