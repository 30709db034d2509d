import type { PaidRequest } from '../client/llm-client.ts';
import type { Intents } from './intents.ts';
import type { JudgeVersions } from './judge-versions.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { QuestionFaults } from './question-faults.ts';

/** The entry under a key; unreadable if it is damaged or written by another version. */
export type Found = LedgerEntry | 'unreadable';

/** An answer that came and is not stored yet, with the intents that end when it is. @param at its key. */
export interface Unstored {
  said: LedgerEntry;
  at: string;
  intents: Intents;
}

/** What all ledgers of this process on one storage share. */
export interface SharedState {
  /** Questions being asked right now: the second to ask waits for the first. */
  flights: Map<string, Promise<Found>>;
  /** By key of the question. */
  unstored: Map<string, Unstored>;
  /** By model. */
  faults: Map<string, QuestionFaults>;
  /** What questions to learn whether an endpoint works have brought, by place: they are in no ledger. */
  probes: Map<string, PaidRequest[][]>;
  /** By hash of the judge's settings. */
  versions: Map<string, JudgeVersions>;
}

const sharedByPlace = new Map<string, SharedState>();

/** @param place of the storage. */
export function sharedAt(place: string): SharedState {
  return valueIn(sharedByPlace, place, () => ({
    flights: new Map(),
    unstored: new Map(),
    faults: new Map(),
    probes: new Map(),
    versions: new Map(),
  }));
}

/** The value of a key, made where there is none. */
export function valueIn<K, V>(values: Map<K, V>, key: K, make: () => V): V {
  const value = values.get(key) ?? make();
  values.set(key, value);
  return value;
}
