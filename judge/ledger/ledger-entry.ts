import { z } from 'zod';
import { sha256 } from '../../core/artifact-store.ts';
import { keyOf, parseKey } from '../../core/store-layout.ts';
import { PaidRequest } from '../client/llm-client.ts';
import { type Question, Unscorable } from '../questions/question.ts';

/** A question that was paid for, with all that was said: what lies under `ledger/` in the store. */
export const LedgerEntry = z.strictObject({
  /** The prompt's name: what kind of question it is. */
  prompt: z.string(),
  /** The endpoint and its settings: `LlmEndpoint.identity`. */
  asked: z.record(z.string(), z.union([z.string(), z.number()])),
  question: z.record(z.string(), z.unknown()),
  attempts: z.array(PaidRequest),
  /** How it ended: the last attempt's text is the answer, or there is none. */
  outcome: z.union([z.strictObject({ answered: z.literal(true) }), Unscorable]),
  /** The place in a run that asked first. */
  paidBy: z.string(),
  /** Earlier requests that were perhaps paid for too, and whose answers were lost, or are of no use any more. */
  repeated: z.int(),
  /** USD, at the price that the config had then. */
  cost: z.number(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** `ledger/<sha256 of everything that determines the answer>.json`; `replaced`: the key of one that cannot be read. */
export function ledgerKey(
  asked: LedgerEntry['asked'],
  { data }: Pick<Question<unknown>, 'data'>,
  replaced?: string,
): string {
  const sorted = Object.entries(asked).sort(([a], [b]) => (a < b ? -1 : 1));
  const determining = replaced === undefined ? [sorted, data] : [sorted, data, replaced];
  return keyOf('ledgerEntry', { hash: sha256(JSON.stringify(determining)) });
}

/**
 * Where a run keeps an outcome that the server has settled, not the model: `runs/<runKey>/judge-outcomes/<hash>.json`,
 * under the hash of the ledger's key. `undefined` for a place that is in no run.
 */
export function runOutcomeKey(key: string, place: string): string | undefined {
  const runKey = runOf(place);
  const entry = parseKey(key);
  if (runKey === undefined || entry?.kind !== 'ledgerEntry') return undefined;
  return keyOf('judgeOutcome', { runKey, hash: entry.parts.hash });
}

/** The run that a place belongs to, by its key. */
export function runOf(place: string): string | undefined {
  return /^runs\/([^/]+)\//.exec(place)?.[1];
}
