import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { mayBeAtWork } from '../../activities/judge/intents.ts';
import {
  type FiledEntry,
  findEntry,
  type OpenIntent,
  openIntents,
  readLedger,
} from '../../activities/judge/read-ledger.ts';
import { type LedgerSum, runOf, sumOf, sumsBy } from '../../activities/judge/sum-ledger.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { alignedTable } from '../watch/result-table.ts';
import { printable } from './caption.ts';
import { transcriptLines } from './judge-transcript.ts';
import { examples, print, printJson } from './output.ts';

const LISTED = 10;
/** Characters of a key that are shown: enough to name one of millions. */
const KEY_SHOWN = 12;

export const ledgerCommand = new Command('ledger')
  .summary('list, sum and export what was asked of judges; show one question')
  .description(
    'Every question that was paid for lies in the ledger, with all that was said: it is asked once, for all runs and ' +
      'benchmarks. Lists the latest, sums calls, tokens and cost by prompt and by run, and names questions that were being ' +
      'asked when their process ended. With the beginning of a key, prints that one question and its answers.',
  )
  .argument('[key]', 'the first characters of a key: prints the whole transcript')
  .option('--prompt <name>', 'only questions of this prompt, such as event-entailment or event-entailment.v1')
  .option('--run <key>', 'only questions that this run paid for; the beginning of its key is enough')
  .option(
    '--limit <entries>',
    `how many of the latest to list (default ${LISTED}), or to export (default all)`,
    wholeNumber,
  )
  .option('--export <file>', 'write the entries to a new file instead, one JSON object a line, oldest first')
  .option('--json', 'print as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap judge ledger', 'sums, and the latest questions'],
      ['videocap judge ledger --run quickstart-20261124', 'what one run paid for'],
      ['videocap judge ledger 3f2a', 'one question with everything that was said'],
      ['videocap judge ledger --prompt event-entailment --export verdicts.jsonl', 'for an analysis of your own'],
    ),
  )
  .action(async (key, { prompt, run, limit, export: file, json }) => {
    const store = new ArtifactStore(join(findInstallation().home, 'store'));
    if (key !== undefined) {
      const entry = await findEntry(store, key);
      return json ? printJson(entry) : print(...transcriptLines(entry));
    }
    const { entries: all, unreadable } = await readLedger(store);
    const entries = all.filter(
      (entry) =>
        (prompt === undefined || entry.prompt === prompt || entry.prompt.startsWith(`${prompt}.`)) &&
        (run === undefined || runOf(entry).startsWith(run)),
    );
    if (file !== undefined) {
      const written = entries.slice(-(limit ?? entries.length));
      await writeNew(resolve(file), written);
      return json
        ? printJson({ file: resolve(file), entries: written.length })
        : print(`${count(written.length, 'entry', 'entries')} written to ${resolve(file)}`);
    }
    const open = await openIntents(store);
    const latest = entries.slice(-(limit ?? LISTED)).reverse();
    if (json) {
      const sums = { total: sumOf(entries), byPrompt: sumsBy(entries, promptOf), byRun: sumsBy(entries, runOf) };
      return printJson({ ...sums, entries: latest, open: open.map(withState), unreadable });
    }
    if (entries.length === 0 && all.length > 0)
      return print(`None of the ledger's ${count(all.length, 'entry', 'entries')} is of that prompt and run.`);
    print(...ledgerLines(entries, latest), ...openLines(open), ...unreadableLines(unreadable));
  });

const promptOf = ({ prompt }: FiledEntry) => prompt;

/** Tables for a person. What a run or a prompt is called is the user's, what was asked is not shown. */
export function ledgerLines(entries: readonly FiledEntry[], latest: readonly FiledEntry[]): string[] {
  if (entries.length === 0) return ['The ledger is empty: no language model has been asked and paid yet.'];
  const total: [string, LedgerSum] = ['all', sumOf(entries)];
  const rows = (nameOf: (entry: FiledEntry) => string) =>
    [...sumsBy(entries, nameOf).map(({ name, ...sum }): [string, LedgerSum] => [name, sum]), total].map(sumRow);
  return [
    alignedTable(['prompt', ...SUMS], rows(promptOf)),
    '',
    alignedTable(['paid by', ...SUMS], rows(runOf)),
    '',
    `The latest ${latest.length} of ${entries.length}; videocap judge ledger <key> shows one whole:`,
    alignedTable(
      ['key', 'stored', 'prompt', 'paid by', 'tokens', 'outcome'],
      latest.map((entry) => {
        const { inputTokens, outputTokens } = sumOf([entry]);
        const outcome = 'unscorable' in entry.outcome ? 'unscorable' : 'answered';
        const texts = [entry.key.slice(0, KEY_SHOWN), time(entry.stored), entry.prompt, runOf(entry)];
        return [...texts, `${inputTokens} + ${outputTokens}`, outcome].map(printable);
      }),
    ),
  ];
}

const SUMS = ['calls', 'requests', 'tokens in', 'tokens out', 'USD', 'unscorable', 'perhaps paid twice'];

function sumRow([name, sum]: [string, LedgerSum]): string[] {
  const { calls, requests, inputTokens, outputTokens, cost, unscorable, repeated } = sum;
  return [
    printable(name),
    ...[calls, requests, inputTokens, outputTokens].map(String),
    cost.toFixed(4),
    `${unscorable}`,
    `${repeated}`,
  ];
}

/** Questions without an answer: being asked now, or left over. */
export function openLines(open: readonly OpenIntent[]): string[] {
  if (open.length === 0) return [];
  return [
    '',
    `${count(open.length, 'question is', 'questions are')} open: sent, perhaps paid for, and not in the ledger yet.`,
    alignedTable(
      ['key', 'since', 'asked by', 'state'],
      open
        .map(withState)
        .map(({ key, since, place, host, state }) => [
          key.slice(0, KEY_SHOWN),
          time(since),
          printable(place),
          state === 'elsewhere' ? `by a process on ${printable(host)}` : state,
        ]),
    ),
    'What is left is settled by the next run that needs it: an answer is stored, without one the question is asked again and',
    'counted as perhaps paid twice.',
  ];
}

function withState(
  intent: OpenIntent,
): OpenIntent & { state: 'being asked' | 'left' | 'left, answered' | 'elsewhere' } {
  if (intent.host !== hostname()) return { ...intent, state: 'elsewhere' };
  return { ...intent, state: mayBeAtWork(intent) ? 'being asked' : intent.answered ? 'left, answered' : 'left' };
}

function unreadableLines(unreadable: readonly string[]): string[] {
  if (unreadable.length === 0) return [];
  const keys = unreadable.slice(0, 3).map((key) => printable(key).slice(0, KEY_SHOWN));
  return [
    '',
    `${count(unreadable.length, 'entry', 'entries')} cannot be read (damaged, or of another version): ${keys.join(', ')}${unreadable.length > 3 ? ', ...' : ''}`,
  ];
}

async function writeNew(path: string, entries: readonly FiledEntry[]): Promise<void> {
  try {
    await writeFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new VideocapError('InvalidInput', `${path} exists already; name another file.`);
    if (code === 'ENOENT') throw new VideocapError('InvalidInput', `There is no folder for ${path}; make it first.`);
    throw error;
  }
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('write a whole number from 1 on.');
  return value;
}
