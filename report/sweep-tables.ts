import { PAPER_METHODS, type PaperRow } from '../benchmarks/paper-tables.ts';
import type { SweepRow, SweepTable } from '../contracts/sweep-results.ts';
import { signed } from './sweep-table.ts';

/** A table of texts: Markdown, a terminal and the page draw the same ones. */
export interface TextTable {
  title: string;
  /** A sentence below the title. */
  note?: string;
  head: string[];
  cells: string[][];
}

/** Metrics beside the one that decides, in this order. */
const BESIDE: readonly (readonly [metric: string, title: string])[] = [
  ['eventF1', 'event F1'],
  ['actionF1', 'action F1'],
  ['objectF1', 'object F1'],
  ['think', 'think'],
  ['format', 'well-formed'],
];
const NONE = '-';
/** What marks the paper's numbers in a table of ours. */
const PUBLISHED = 'published';

/** All tables of a sweep: the statistics of each condition, then the layout of the paper's two tables. */
export function sweepTables(table: SweepTable): TextTable[] {
  return [
    ...table.conditions.map((condition) => conditionTable(table, condition)),
    methodsTable(table),
    ...rewardsTable(table),
  ];
}

function conditionTable(table: SweepTable, { name, clips, rows }: SweepTable['conditions'][number]): TextTable {
  const beside = BESIDE.filter(
    ([metric]) => metric !== table.metric && rows.some(({ others }) => others[metric] !== undefined),
  );
  const isPaid = rows.some(({ judgeCalls }) => judgeCalls > 0);
  return {
    title: `${name}: ${clips} held-out clips`,
    head: [
      ...['arm', 'seeds', `${table.metric} (sd)`, `vs ${table.reference}`, '95% interval', 'p (Holm)', 'could see'],
      ...(isPaid ? ['judge calls', 'USD'] : []),
      'minutes',
      ...beside.map(([, title]) => title),
    ],
    cells: rows.map((row) => {
      const { against } = row;
      const of = (text: (found: NonNullable<typeof against>) => string) => (against ? text(against) : '');
      return [
        ...[row.arm, String(row.seeds.length), withDeviation(row)],
        of(({ difference }) => signed(difference)),
        of(({ low, high }) => `${signed(low)} to ${signed(high)}`),
        of(({ corrected }) => (corrected < 0.001 ? '< 0.001' : corrected.toFixed(3))),
        of(({ smallest }) => (smallest === 0 ? NONE : smallest.toFixed(1))),
        ...(isPaid ? [String(row.judgeCalls), row.judgeUsd.toFixed(2)] : []),
        (row.seconds / 60).toFixed(1),
        ...beside.map(([metric]) => points(row.others[metric])),
      ];
    }),
  };
}

/** Table 2: methods by benchmarks. Ours have a column a condition; the paper's numbers have columns of their own. */
function methodsTable({ conditions, metric }: SweepTable): TextTable {
  const arms = [...new Set(conditions.flatMap(({ rows }) => rows.map(({ arm }) => arm)))];
  const ours = (arm: string) =>
    conditions.map(({ rows }) => withDeviation(rows.find((row) => row.arm === arm) ?? { mean: null, deviation: null }));
  const theirs = (row?: PaperRow) => [points(row?.dream1k), points(row?.vdc), points(row?.average)];
  const others = PAPER_METHODS.filter(({ like }) => !arms.includes(like));
  return {
    title: 'Methods, as in table 2 of the paper',
    note:
      `Columns marked "${PUBLISHED}" are the paper's, beside the arm that is made alike: another model ` +
      '(Qwen2-VL-7B), other data and other benchmarks. Compare their order, never their values. They are recovered ' +
      'from reviews: - is not known.',
    head: [
      'method',
      ...conditions.map(({ name }) => (conditions.length > 1 ? `${metric}, ${name}` : metric)),
      ...['DREAM-1K F1', 'VDC', 'average'].map((name) => `${name} (${PUBLISHED})`),
    ],
    cells: [
      ...arms.map((arm) => [arm, ...ours(arm), ...theirs(PAPER_METHODS.find(({ like }) => like === arm))]),
      ...others.map((row) => [`${row.arm} (${PUBLISHED})`, ...conditions.map(() => NONE), ...theirs(row)]),
    ],
  };
}

/** Table 3: which parts of the reward an arm has. Nothing where only one kind of reward was tried. */
function rewardsTable({ conditions, metric }: SweepTable): TextTable[] {
  const rows = conditions.flatMap(({ name, rows: all }) =>
    all.flatMap((row) => (row.rewards ? [{ ...row, condition: name, rewards: row.rewards }] : [])),
  );
  if (new Set(rows.map(({ rewards: { think, caption } }) => `${think} ${caption}`)).size < 2) return [];
  const several = conditions.length > 1;
  return [
    {
      title: 'Parts of the reward, as in table 3 of the paper',
      head: [
        ...['arm', ...(several ? ['condition'] : []), 'think score', 'caption score', metric],
        ...BESIDE.flatMap(([name, title]) => (name === metric ? [] : [title])),
      ],
      cells: rows.map((row) => [
        ...[row.arm, ...(several ? [row.condition] : [])],
        ...[row.rewards.think ? 'yes' : 'no', row.rewards.caption ?? 'no', points(row.mean)],
        ...BESIDE.flatMap(([name]) => (name === metric ? [] : [points(row.others[name])])),
      ]),
    },
  ];
}

function withDeviation({ mean, deviation }: Pick<SweepRow, 'mean' | 'deviation'>): string {
  return `${points(mean)}${deviation === null ? '' : ` (${deviation.toFixed(1)})`}`;
}

function points(value: number | null | undefined): string {
  return value?.toFixed(1) ?? NONE;
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
      ? [`Benchmarks of start policies: ${startCaptions.used}, captioned ${times(startCaptions.made)}`]
      : []),
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

/** How to read the columns. */
export function readingNote({ judges }: SweepTable): string {
  return (
    'Points, 0-100. Mean and standard deviation over seeds; difference with its paired bootstrap interval over clips ' +
    'and seeds; p corrected for the number of comparisons by Holm; "could see": the smallest difference that four of ' +
    `five such sweeps would find. Judge: ${judges.join(', ') || 'none'}.`
  );
}
