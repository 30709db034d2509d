import type { FiledEntry } from './read-ledger.ts';

/** What paid questions came to. */
export interface LedgerSum {
  /** Questions: what `judge.budget.calls` counts. */
  calls: number;
  /** Requests with an answer, re-asks included. */
  requests: number;
  inputTokens: number;
  outputTokens: number;
  /** Requests whose tokens the endpoint did not count. */
  estimated: number;
  /** USD, at the prices of the configs then. */
  cost: number;
  unscorable: number;
  /** Requests that were perhaps paid for, and whose answers were lost. */
  repeated: number;
}

function emptySum(): LedgerSum {
  return { calls: 0, requests: 0, inputTokens: 0, outputTokens: 0, estimated: 0, cost: 0, unscorable: 0, repeated: 0 };
}

/** Adds a question to a sum. */
function addTo(sum: LedgerSum, { attempts, cost, outcome, repeated }: FiledEntry): void {
  sum.calls++;
  sum.requests += attempts.length;
  for (const attempt of attempts) {
    sum.inputTokens += attempt.inputTokens;
    sum.outputTokens += attempt.outputTokens;
    sum.estimated += attempt.estimated ? 1 : 0;
  }
  sum.cost += cost;
  sum.unscorable += 'unscorable' in outcome ? 1 : 0;
  sum.repeated += repeated;
}

/** Sums over a ledger that grow entry by entry; no entry is kept. */
export class LedgerSums {
  readonly total = emptySum();
  readonly #byPrompt = new Map<string, LedgerSum>();
  readonly #byRun = new Map<string, LedgerSum>();

  add(entry: FiledEntry): void {
    addTo(this.total, entry);
    addTo(sumIn(this.#byPrompt, entry.prompt), entry);
    addTo(sumIn(this.#byRun, runOf(entry)), entry);
  }

  /** In the order of names. */
  get byPrompt(): NamedSum[] {
    return named(this.#byPrompt);
  }

  get byRun(): NamedSum[] {
    return named(this.#byRun);
  }
}

export type NamedSum = { name: string } & LedgerSum;

function sumIn(sums: Map<string, LedgerSum>, name: string): LedgerSum {
  const sum = sums.get(name) ?? emptySum();
  sums.set(name, sum);
  return sum;
}

function named(sums: ReadonlyMap<string, LedgerSum>): NamedSum[] {
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sum]) => ({ name, ...sum }));
}

/** The run that paid, by its key: `runs/<runKey>/step-000001` -> `<runKey>`. */
export function runOf({ paidBy }: Pick<FiledEntry, 'paidBy'>): string {
  return /^runs\/([^/]+)/.exec(paidBy)?.[1] ?? paidBy;
}
