import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage } from '../../core/open-storage.ts';
import {
  type FiledEntry,
  filedEntries,
  findEntry,
  type OpenIntent,
  openIntents,
  readEntries,
} from '../../judge/ledger/read-ledger.ts';
import { LedgerSums, type NamedSum, runOf } from '../../judge/ledger/sum-ledger.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printable, printJson } from '../output/print.ts';
import { alignedTable } from '../output/result-table.ts';
import { wholeNumber } from './arguments.ts';
import { exportEntries } from './judge-export.ts';
import { transcriptLines } from './judge-transcript.ts';

const LISTED = 10;
/** Characters of a key that are shown: enough to name one of millions. */
const KEY_SHOWN = 12;

export const ledgerCommand = new Command('ledger')
  .summary('list, sum and export paid answers of judges; show one question')
  .description(
    'The ledger stores every paid question with its requests and answers, once for all runs and benchmarks. Lists ' +
      'the latest, sums calls, tokens and cost by prompt and by run, and lists questions that were in flight when ' +
      'their process ended. With the first characters of a key, prints that question and its answers.',
  )
  .argument('[key]', 'the first characters of a key: prints the whole transcript')
  .option('--prompt <name>', 'only questions of this prompt, such as event-entailment or event-entailment.v1')
  .option('--run <key>', 'only questions that this run paid for; the beginning of its key is enough')
  .option(
    '--limit <entries>',
    `how many of the latest to list (default ${LISTED}), or to export (default all)`,
    wholeNumber(1, 10),
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
    const store = new ArtifactStore(await openStorage(findInstallation().home));
    if (key !== undefined) {
      const entry = await findEntry(store, key);
      return json ? printJson(entry) : print(...transcriptLines(entry));
    }
    const wanted = (entry: FiledEntry) =>
      (prompt === undefined || entry.prompt === prompt || entry.prompt.startsWith(`${prompt}.`)) &&
      (run === undefined || runOf(entry).startsWith(run));
    const filed = await filedEntries(store);
    if (file !== undefined) {
      const entries = await exportEntries(store, filed, resolve(file), { wanted, limit });
      return json
        ? printJson({ file: resolve(file), entries })
        : print(`${count(entries, 'entry', 'entries')} written to ${resolve(file)}`);
    }
    const sums = new LedgerSums();
    const latest: FiledEntry[] = [];
    const unreadable: string[] = [];
    for await (const entry of readEntries(store, filed.reverse())) {
      if (typeof entry === 'string') unreadable.push(entry);
      else if (wanted(entry)) {
        sums.add(entry);
        if (latest.length < (limit ?? LISTED)) latest.push(entry);
      }
    }
    const open = await openIntents(store);
    const { total, byPrompt, byRun } = sums;
    if (json) return printJson({ total, byPrompt, byRun, entries: latest, open, unreadable });
    const readable = filed.length - unreadable.length;
    if (total.calls === 0 && readable > 0)
      return print(`None of the ledger's ${count(readable, 'entry', 'entries')} is of that prompt and run.`);
    print(...ledgerLines(sums, latest), ...openLines(open), ...unreadableLines(unreadable));
  });

/** Tables for a person. What a run or a prompt is called is the user's, what was asked is not shown. */
function ledgerLines(
  { total, byPrompt, byRun }: Pick<LedgerSums, 'total' | 'byPrompt' | 'byRun'>,
  latest: readonly FiledEntry[],
): string[] {
  if (total.calls === 0) return ['The ledger is empty: no language model has been asked and paid yet.'];
  const rows = (sums: readonly NamedSum[]) => [...sums, { name: 'all', ...total }].map(sumRow);
  return [
    alignedTable(['prompt', ...SUMS], rows(byPrompt)),
    '',
    alignedTable(['paid by', ...SUMS], rows(byRun)),
    ...(total.estimated === 0
      ? []
      : [`Tokens of ${count(total.estimated, 'request', 'requests')} are estimated: the endpoint counts none.`]),
    '',
    `The latest ${latest.length} of ${total.calls}; videocap judge ledger <key> shows one in full:`,
    alignedTable(
      ['key', 'stored', 'prompt', 'paid by', 'tokens', 'outcome'],
      latest.map((entry) => {
        const tokens = (of: 'inputTokens' | 'outputTokens') => entry.attempts.reduce((sum, one) => sum + one[of], 0);
        const outcome = 'unscorable' in entry.outcome ? 'unscorable' : 'answered';
        const texts = [entry.key.slice(0, KEY_SHOWN), time(entry.stored), entry.prompt, runOf(entry)];
        return [...texts, `${tokens('inputTokens')} + ${tokens('outputTokens')}`, outcome].map(printable);
      }),
    ),
  ];
}

const SUMS = ['calls', 'requests', 'tokens in', 'tokens out', 'USD', 'unscorable', 'perhaps paid twice'];

function sumRow(sum: NamedSum): string[] {
  const { name, calls, requests, inputTokens, outputTokens, cost, unscorable, repeated } = sum;
  return [
    printable(name),
    ...[calls, requests, inputTokens, outputTokens].map(String),
    cost.toFixed(4),
    `${unscorable}`,
    `${repeated}`,
  ];
}

/** Questions without an answer: being asked now, or left over. */
function openLines(open: readonly OpenIntent[]): string[] {
  if (open.length === 0) return [];
  return [
    '',
    `${count(open.length, 'question is', 'questions are')} open: sent, perhaps paid for, and not in the ledger yet.`,
    alignedTable(
      ['key', 'since', 'asked by', 'state'],
      open.map(({ key, since, place, state }) => [key.slice(0, KEY_SHOWN), time(since), printable(place), state]),
    ),
    'The next run that needs an open question asks it again, and counts it as perhaps paid twice.',
  ];
}

function unreadableLines(unreadable: readonly string[]): string[] {
  if (unreadable.length === 0) return [];
  const keys = unreadable.slice(0, 3).map((key) => printable(key).slice(0, KEY_SHOWN));
  return [
    '',
    `${count(unreadable.length, 'entry', 'entries')} cannot be read (damaged, or of another version): ` +
      `${keys.join(', ')}${unreadable.length > 3 ? ', ...' : ''}`,
  ];
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 19);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
