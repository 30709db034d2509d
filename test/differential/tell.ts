import { alignedTable } from '../../cli/output/result-table.ts';
import { BASE_NAME } from './base-revision.ts';
import { answeredAgain, comparedMetrics, type Difference } from './compare.ts';
import { METHODS, type Outcome, type RunOutcome } from './outcome.ts';

const MOST_LINES = 20;
const LONGEST_TEXT = 160;
const TEXT_BEFORE = 60;

/**
 * The first differences, one a line, and how many more there are. What differs alike, as one word of all prompts, is
 * told once.
 */
export function differenceLines(found: readonly Difference[]): string[] {
  const told = new Map<string, string>();
  for (const difference of found) {
    const values = valuesOf(difference);
    if (!told.has(values)) told.set(values, difference.path);
    if (told.size === MOST_LINES) break;
  }
  const more = found.length - told.size;
  return [
    `${count(found.length, 'difference')} between base ${BASE_NAME} and HEAD, the first nearest to the cause:`,
    ...[...told].map(([values, path]) => `  ${excerpt(path)}: ${values}`),
    ...(more > 0 ? [`  and ${more.toLocaleString('en-US')} more`] : []),
  ];
}

/** What was compared, in numbers. */
export function comparedTable(base: Outcome, head: Outcome): string[] {
  const rows = METHODS.map((method) => [method.toUpperCase(), ...columnsOf(base[method])]);
  return [
    `HEAD, whose worker died ${head.deaths === 1 ? 'once' : `${head.deaths} times`}, equals base ${BASE_NAME}:`,
    alignedTable(['', 'steps', 'completions', 'tokens', 'scores', 'metrics', 'captions', 'checkpoints'], rows),
    `  judge: the same ${count(Object.keys(base.judge).length, 'question')}, ${answeredAgain(head)} of them ` +
      'answered again',
  ];
}

function columnsOf({ steps }: RunOutcome): string[] {
  const completions = steps.flatMap(({ groups }) => groups.flatMap((group) => group.completions));
  const benchmarks = steps.flatMap(({ benchmark }) => benchmark ?? []);
  const metrics = [...steps, ...benchmarks].map(({ metrics }) => comparedMetrics(metrics).length);
  return [
    steps.length - 1,
    completions.length,
    sum(completions.map(({ tokenIds }) => tokenIds.length)),
    sum(steps.map(({ scores }) => Object.values(scores ?? {}).flat(2).length)),
    sum(metrics),
    sum(benchmarks.map(({ captions }) => captions.length)),
    steps.length,
  ].map((number) => number.toLocaleString('en-US'));
}

function valuesOf({ base, head }: Difference): string {
  const from = typeof base === 'string' && typeof head === 'string' ? firstDifference(base, head) - TEXT_BEFORE : 0;
  return `base ${excerpt(base, from)}, HEAD ${excerpt(head, from)}`;
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function excerpt(value: unknown, from = 0): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  if (text.length <= LONGEST_TEXT) return text;
  const start = Math.max(0, from);
  const part = text.slice(start, start + LONGEST_TEXT);
  return `${start > 0 ? '...' : ''}${part}${start + part.length < text.length ? '...' : ''}`;
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
