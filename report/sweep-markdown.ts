import { PAPER_ABLATION } from '../benchmarks/paper-tables.ts';
import type { SweepTable } from '../contracts/sweep-results.ts';
import { readingNote, sharedLines, sweepTables, type TextTable } from './sweep-tables.ts';

/** The whole result as Markdown: verdict, warnings, tables, and what the paper published. */
export function sweepMarkdown(table: SweepTable): string {
  const { name, verdict, warnings, leftOut } = table;
  return [
    `# ${name}`,
    '',
    ...verdict.map((sentence) => `- ${escaped(sentence)}`),
    '',
    ...warnings.map((warning) => `- **Warning:** ${escaped(warning)}.`),
    ...sweepTables(table).flatMap(({ title, note, ...rest }) => [
      ...['', `## ${title}`, '', ...(note ? [note, ''] : [])],
      ...markdownTable(rest),
    ]),
    '',
    readingNote(table),
    '',
    'What the paper found in its table 3, with another model and other data:',
    '',
    ...PAPER_ABLATION.map((sentence) => `- ${sentence}`),
    '',
    ...sharedLines(table).map((line) => `- ${line}.`),
    ...(leftOut.length > 0
      ? [
          ...['', '## In no number', ''],
          ...leftOut.map(({ run, state, reason }) => `- ${escaped(run)}: ${state}, ${escaped(reason)}`),
        ]
      : []),
    '',
  ].join('\n');
}

function markdownTable({ head, cells }: Pick<TextTable, 'head' | 'cells'>): string[] {
  const line = (row: readonly string[]) => `| ${row.map(escaped).join(' | ')} |`;
  return [line(head), `|${head.map((_, i) => (i === 0 ? '---' : '--:')).join('|')}|`, ...cells.map(line)];
}

/** Names and reasons come from a person's file or a server's error. */
function escaped(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\|<>[\]`*_]/g, '\\$&');
}
