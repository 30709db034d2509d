import { existsSync } from 'node:fs';
import { SuiteName } from '../../benchmarks/benchmark-config.ts';
import { identityText } from '../../core/identity.ts';
import type { FiledEntry } from '../../judge/ledger/read-ledger.ts';
import type { Prompt } from '../../judge/questions/prompt.ts';
import { readPrompt } from '../../judge/questions/prompt.ts';
import { printable } from '../output/print.ts';

/** Prompts that the judge asks itself, then those of each suite. */
const PROMPT_FOLDERS = ['judge/prompts', ...SuiteName.options.map((suite) => `benchmarks/${suite}/prompts`)];

/** `stored`: milliseconds since the epoch, where that is known. */
type Transcript = Omit<FiledEntry, 'stored'> & { stored: number | undefined };

/** One question with all its answers. Both are untrusted: control characters in them never reach the terminal. */
export function transcriptLines(entry: Transcript): string[] {
  const { key, stored, asked, paidBy, repeated, cost, question, attempts, outcome } = entry;
  return [
    `key       ${key}`,
    `stored    ${stored === undefined ? '' : `${new Date(stored).toISOString()}, `}paid by ${printable(paidBy)}, ` +
      `${cost.toFixed(6)} USD`,
    `asked     ${printable(
      Object.entries(asked)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    )}`,
    `prompt    ${promptText(entry)}`,
    'outcome   ' +
      `${'unscorable' in outcome ? `unscorable: ${printable(outcome.reason)}` : 'answered, by the last request'}`,
    ...(repeated > 0 ? [`besides   ${repeated} requests were perhaps paid for, and their answers lost`] : []),
    '',
    'question',
    ...indented(JSON.stringify(question, null, 2)),
    ...attempts.flatMap(({ text, finishReason, inputTokens, outputTokens, estimated, seconds, by }, i) => [
      '',
      `answer ${i + 1}   ${printable(finishReason)}, ${estimated ? 'about ' : ''}${inputTokens} + ${outputTokens} ` +
        `tokens, ${seconds.toFixed(2)} s${by ? `, by ${printable(identityText(by))}` : ''}`,
      ...indented(text),
    ]),
  ];
}

/** The prompt's file, while its text is still the one that was asked. */
function promptText({ prompt, asked }: Pick<FiledEntry, 'prompt' | 'asked'>): string {
  const known = knownPrompt(prompt);
  const name = printable(prompt);
  if (!known) return `${name}, which this version does not have`;
  const file = `${known.folder}/${name}.md`;
  return known.sha256 === asked.promptSha256 ? `${name}: ${file}` : `${name}, whose text in ${file} has changed since`;
}

function knownPrompt(name: string): (Prompt & { folder: string }) | undefined {
  if (!/^[a-z0-9-]+\.v\d+$/.test(name)) return undefined;
  const urlOf = (folder: string) => new URL(`../../${folder}/`, import.meta.url);
  const folder = PROMPT_FOLDERS.find((candidate) => existsSync(new URL(`${name}.md`, urlOf(candidate))));
  return folder === undefined ? undefined : { ...readPrompt(name, urlOf(folder)), folder };
}

function indented(text: string): string[] {
  return text.split(/\r?\n/).map((line) => `  ${printable(line)}`);
}
