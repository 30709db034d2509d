import { existsSync } from 'node:fs';
import type { FiledEntry } from '../../judge/ledger/read-ledger.ts';
import { type Prompt, readPrompt } from '../../judge/questions/prompts.ts';
import { printable } from './caption.ts';

const PROMPTS = 'judge/prompts';

/** Everything that was said about one question. Question and answers are untrusted: no line of theirs can steer a terminal. */
export function transcriptLines(entry: FiledEntry): string[] {
  const { key, stored, asked, paidBy, repeated, cost, question, attempts, outcome } = entry;
  return [
    `key       ${key}`,
    `stored    ${new Date(stored).toISOString()}, paid by ${printable(paidBy)}, ${cost.toFixed(6)} USD`,
    `asked     ${printable(
      Object.entries(asked)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    )}`,
    `prompt    ${promptText(entry)}`,
    `outcome   ${'unscorable' in outcome ? `unscorable: ${printable(outcome.reason)}` : 'answered, by the last request'}`,
    ...(repeated > 0 ? [`besides   ${repeated} requests were perhaps paid for, and their answers lost`] : []),
    '',
    'question',
    ...indented(JSON.stringify(question, null, 2)),
    ...attempts.flatMap(({ text, finishReason, inputTokens, outputTokens, estimated, seconds }, i) => [
      '',
      `answer ${i + 1}   ${printable(finishReason)}, ${estimated ? 'about ' : ''}${inputTokens} + ${outputTokens} tokens, ${seconds.toFixed(2)} s`,
      ...indented(text),
    ]),
  ];
}

/** Where the prompt is to be read, as long as it still is what was asked then. */
function promptText({ prompt, asked }: FiledEntry): string {
  const known = knownPrompt(prompt);
  const name = printable(prompt);
  if (!known) return `${name}, which this version does not have`;
  return known.sha256 === asked.promptSha256
    ? `${name}: ${PROMPTS}/${name}.md`
    : `${name}, whose text in ${PROMPTS}/${name}.md has changed since`;
}

function knownPrompt(name: string): Prompt | undefined {
  if (!/^[a-z0-9-]+\.v\d+$/.test(name)) return undefined;
  const file = new URL(`../../${PROMPTS}/${name}.md`, import.meta.url);
  return existsSync(file) ? readPrompt(name) : undefined;
}

function indented(text: string): string[] {
  return text.split(/\r?\n/).map((line) => `  ${printable(line)}`);
}
