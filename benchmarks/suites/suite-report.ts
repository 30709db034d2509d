import { setImmediate as othersTurn } from 'node:timers/promises';
import type { JudgeUsage } from '../../judge/usage.ts';
import { judgedBy, promptNames } from '../judged-by.ts';
import { captionsText, madeWithText } from './made-with.ts';
import type { Column, Suite, SuiteTable } from './suite.ts';
import { fewScored } from './suite-counts.ts';
import type { ItemResult, SuiteCounts, SuiteResult } from './suite-files.ts';

/**
 * A result as Markdown: the main table with published numbers beside ours, what was left out and why, and the suite's
 * other tables. Every table names the judge, its prompts, and what the captions were made with, without which the
 * numbers mean nothing.
 */
export function suiteReport(result: SuiteResult): string {
  const { title, subject, judge, usage, quirks, variants = {}, counts, annotations, source, notes = [] } = result;
  const { madeWith, warnings = [] } = result;
  const made = madeWith ? ` ${plain(madeWithText(madeWith, judge.model))}.` : '';
  const judged = `${plain(judgedBy(judge))}.${made}`;
  return [
    `# ${title}: ${plain(subject)}`,
    '',
    `- Annotations: ${plain(annotations)}`,
    `- Protocol: ${plain(source)}`,
    `- Judge: ${plain(judge.model)} at ${plain(judge.endpoint)}, temperature 0`,
    `- Prompts: ${plain(promptNames(judge))}`,
    ...(usage ? [`- Judge usage: ${usageLine(usage)}`] : []),
    ...(madeWith ? [`- Captions: ${plain(captionsText(madeWith.captions))}`] : []),
    `- Authors' quirks that are on: ${listOf(quirks)}`,
    `- Variants of our own that are on: ${listOf(variants)}`,
    `- Items: ${counts.items}${ofTheFile(counts)}; in the means ${counts.scored}, without a caption ` +
      `${counts.withoutCaption}, unscorable ${counts.unscorable}, missing ${counts.missing}` +
      (counts.notCaptioned === undefined ? '' : `, not captioned ${counts.notCaptioned}`) +
      (counts.cut === undefined ? '' : `; ${counts.cut} captions were cut off at the token limit`),
    ...[...fewScored(counts), ...warnings].map((warning) => `\n> **${plain(warning)}**`),
    '',
    '## Result',
    '',
    ...mainTable(result),
    '',
    `${judged} In brackets: 95% bootstrap intervals over the clips. Published rows come from other judges, ` +
      'prompts and often other frames: they say where our numbers should lie, not which model is better.',
    ...notes.map((note) => `\n${plain(note)}`),
    ...worstLine(result),
    ...result.tables.flatMap((table) => ['', `## ${table.title}`, '', ...markdownTable(table), '', judged]),
    ...leftOut('Unscorable: the judge gave no answer that counts', result.items, 'unscorable'),
    ...leftOut('Missing: nothing to score', result.items, 'missing'),
    ...leftOut('Not captioned: the endpoint wrote nothing', result.items, 'notCaptioned'),
    '',
  ].join('\n');
}

/** Items described in one go: thousands take seconds, in which a worker must still send heartbeats. */
const IN_ONE_GO = 50;

/** Every item as Markdown, in the file's order: the caption, its score, and what the judge said. */
export async function drillDown(suite: Suite, rawItems: readonly unknown[], result: SuiteResult): Promise<string> {
  const { title, subject, judge, items } = result;
  const lines = [`# ${title}: ${plain(subject)}, item by item`, '', `${plain(judgedBy(judge))}.`];
  for (const [i, item] of items.entries()) {
    if (i % IN_ONE_GO === 0) await othersTurn();
    lines.push('', `## ${plain(item.id)} (${plain(item.video)})`, '');
    if (item.missing !== undefined) {
      lines.push(`Missing: ${plain(item.missing)}`);
      continue;
    }
    if (item.notCaptioned !== undefined) {
      lines.push(`Not captioned: ${plain(item.notCaptioned)}`);
      continue;
    }
    const cut = item.cut ? ' (cut off at the token limit)' : '';
    lines.push(item.caption === undefined ? 'No caption.' : `Caption${cut}: ${plain(item.caption)}`);
    if (item.unscorable !== undefined) lines.push('', `Unscorable: ${plain(item.unscorable)}`);
    else
      for (const line of suite.describe(suite.item.parse(rawItems[i]), suite.score.parse(item.score))) {
        const inList = line.startsWith('- ') && lines.at(-1)!.startsWith('- ');
        lines.push(...(inList ? [] : ['']), line.startsWith('- ') ? `- ${plain(line.slice(2))}` : plain(line));
      }
  }
  return `${lines.join('\n')}\n`;
}

function ofTheFile({ items, outOf = items, absent = [] }: SuiteCounts): string {
  const limited = outOf > items ? ` of ${outOf} in the file (limit on clips)` : '';
  return `${limited}${absent.length > 0 ? `, none of ${absent.map(plain).join(', ')}` : ''}`;
}

/** What the answers took; those that were known already cost nothing, and their latency is not counted. */
function usageLine({
  calls,
  cacheHits,
  inputTokens,
  outputTokens,
  cost,
  repeated,
  latencySeconds,
}: JudgeUsage): string {
  const { p50, p95, max } = latencySeconds;
  const seconds = [p50, p95, max].map((value) => value.toFixed(2)).join(', ');
  return (
    `${calls} calls paid here, ${cacheHits} answers known already, ${repeated} perhaps paid twice; ` +
    `${inputTokens} tokens in, ${outputTokens} out, ${cost.toFixed(4)} USD; latency p50, p95, max ${seconds} s`
  );
}

function mainTable({ columns, metrics, published, subject, judge, counts }: SuiteResult): string[] {
  const ours = columns.map((column) => withBounds(metrics, column));
  const theirs = published.map(({ model, metrics: values, source }) => [
    plain(model),
    ...columns.map((column) => withBounds(values, column)),
    plain(source),
  ]);
  return [
    row(['', ...columns.map(({ label }) => plain(label)), 'source']),
    row(['---', ...columns.map(() => '---:'), '---']),
    row([`**${plain(subject)}**`, ...ours, `this run, ${counts.scored} items; judge ${plain(judge.model)}`]),
    ...theirs.map(row),
  ];
}

function markdownTable({ columns, rows }: SuiteTable): string[] {
  const digits = columns.slice(1).map((_, i) => digitsOf(rows.flatMap(({ values }) => values[i] ?? [])));
  return [
    row(columns.map(plain)),
    row(columns.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(({ label, values }) =>
      row([plain(label), ...values.map((value, i) => value?.toFixed(digits[i]) ?? '')]),
    ),
  ];
}

/** Decimals for a column of a table: counts have none, points one, marks up to five two. */
function digitsOf(values: readonly number[]): number {
  if (values.every(Number.isInteger)) return 0;
  return Math.max(...values) <= 5 ? 2 : 1;
}

function worstLine({ worst, columns, counts }: SuiteResult): string[] {
  if (!worst) return [];
  const values = columns.flatMap(({ metric, label, digits = 1 }) =>
    worst[metric] === undefined ? [] : [`${plain(label)} ${worst[metric].toFixed(digits)}`],
  );
  const { unscorable, notCaptioned = 0 } = counts;
  const which = notCaptioned === 0 ? 'unscorable item' : 'unscorable or not captioned item';
  return ['', `With a score of no caption for each ${which} (${unscorable + notCaptioned}): ${values.join(', ')}.`];
}

/** Lines of a list of what was left out; the JSON has them all. */
const MOST_LINES = 100;

/** Items by the reason why they are in no mean. */
function leftOut(
  title: string,
  items: readonly ItemResult[],
  why: 'unscorable' | 'missing' | 'notCaptioned',
): string[] {
  const byReason = new Map<string, string[]>();
  for (const item of items) {
    const reason = item[why];
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), item.id]);
  }
  if (byReason.size === 0) return [];
  const lines = [...byReason].map(([reason, ids]) => `- ${plain(ids.join(', '))}: ${plain(reason)}`);
  const more = lines.length - MOST_LINES;
  const shown = more > 0 ? [...lines.slice(0, MOST_LINES), `- ${more} more reasons, in the JSON`] : lines;
  return ['', `## ${title}`, '', ...shown];
}

function listOf(quirks: SuiteResult['quirks']): string {
  const on = Object.entries(quirks).map(([name, what]) => `${name} (${plain(what)})`);
  return on.length === 0 ? 'none' : on.join('; ');
}

/** `34.2 [31.0, 37.1]`; a published number, or one without bounds, stands alone. */
export function withBounds(
  metrics: Readonly<Record<string, number>>,
  { metric, digits = 1 }: Pick<Column, 'metric' | 'digits'>,
): string {
  const [value, low, high] = [metrics[metric], metrics[`${metric}Low`], metrics[`${metric}High`]];
  if (value === undefined) return '';
  const bounds = low === undefined || high === undefined ? '' : ` [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  return `${value.toFixed(digits)}${bounds}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/**
 * Text that a model or a file wrote, on one line, without anything that would be a tag, a link, a cell or a heading.
 */
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[[\]|`]/g, '\\$&')
    .replace(/^([#>])/, '\\$1')
    .replace(/^(\d+)\. /, '$1\\. ');
}
