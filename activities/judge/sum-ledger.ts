import type { FiledEntry } from './read-ledger.ts';

/** What a list of paid questions came to. */
export interface LedgerSum {
  /** Questions: what `judge.budget.calls` counts. */
  calls: number;
  /** Requests with an answer, re-asks included. */
  requests: number;
  inputTokens: number;
  outputTokens: number;
  /** USD, at the prices of the configs then. */
  cost: number;
  unscorable: number;
  /** Requests that were perhaps paid for, and whose answers were lost. */
  repeated: number;
}

export function sumOf(entries: readonly FiledEntry[]): LedgerSum {
  const sum = { calls: 0, requests: 0, inputTokens: 0, outputTokens: 0, cost: 0, unscorable: 0, repeated: 0 };
  for (const { attempts, cost, outcome, repeated } of entries) {
    sum.calls++;
    sum.requests += attempts.length;
    for (const attempt of attempts) {
      sum.inputTokens += attempt.inputTokens;
      sum.outputTokens += attempt.outputTokens;
    }
    sum.cost += cost;
    sum.unscorable += 'unscorable' in outcome ? 1 : 0;
    sum.repeated += repeated;
  }
  return sum;
}

/** Sums by whatever a question has in common with others, in the order of its name. */
export function sumsBy(
  entries: readonly FiledEntry[],
  nameOf: (entry: FiledEntry) => string,
): ({ name: string } & LedgerSum)[] {
  const groups = new Map<string, FiledEntry[]>();
  for (const entry of entries) {
    const group = groups.get(nameOf(entry));
    if (group) group.push(entry);
    else groups.set(nameOf(entry), [entry]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => ({ name, ...sumOf(group) }));
}

/** The run that paid, by its key: `runs/<runKey>/step-000001` -> `<runKey>`. */
export function runOf({ paidBy }: Pick<FiledEntry, 'paidBy'>): string {
  return /^runs\/([^/]+)/.exec(paidBy)?.[1] ?? paidBy;
}
