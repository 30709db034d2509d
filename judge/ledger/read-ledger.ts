import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { listAll, type StoredObject } from '../../core/storage.ts';
import { ASKING, keyOf, parseKey } from '../../core/store-layout.ts';
import { mayBeAtWork, readIntent } from './intents.ts';
import { LedgerEntry } from './ledger-entry.ts';

/** A paid question as it is found: `key` is the hash that it is filed under. */
export interface FiledEntry extends LedgerEntry {
  key: string;
  /** When it was stored: milliseconds since the epoch. */
  stored: number;
}

/** Where an entry is found. */
export type Filed = Pick<FiledEntry, 'key' | 'stored'>;

/** A question that was sent, perhaps paid for, and has no answer in the ledger. */
export interface OpenIntent {
  key: string;
  /** The place in a run that asks, or asked. */
  place: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** `left`: its asker has given up, was superseded, or has asked for longer than any question takes. */
  state: 'being asked' | 'left';
}

const AT_ONCE = 32;

/** Every entry of a store's ledger, unread, oldest first; none where there is no ledger. */
export async function filedEntries(store: ArtifactStore): Promise<Filed[]> {
  const filed: Filed[] = [];
  for await (const entry of entriesIn(store)) filed.push(entry);
  return filed.sort((a, b) => a.stored - b.stored || (a.key < b.key ? -1 : 1));
}

/**
 * Entries in the order given; of one that is damaged, or written by another version, the key alone. Reads only a few
 * ahead of what the caller takes: a ledger may be larger than the memory.
 */
export function readEntries(store: ArtifactStore, filed: Iterable<Filed>): AsyncGenerator<FiledEntry | string> {
  return inOrder(filed, (entry) => readEntry(store, entry));
}

/**
 * The one entry whose key begins so.
 * @throws VideocapError `InvalidInput` when there is none, or more than one; `CorruptArtifact` when it cannot be read.
 */
export async function findEntry(store: ArtifactStore, prefix: string): Promise<FiledEntry> {
  const found: Filed[] = [];
  for await (const entry of entriesIn(store)) if (entry.key.startsWith(prefix)) found.push(entry);
  if (found.length === 0)
    throw new VideocapError('InvalidInput', `The ledger has no key that begins with "${prefix}"; list them first.`);
  if (found.length > 1)
    throw new VideocapError(
      'InvalidInput',
      `${found.length} keys in the ledger begin with "${prefix}"; write more of it: ${found
        .slice(0, 3)
        .map(({ key }) => key.slice(0, prefix.length + 8))
        .join(', ')}${found.length > 3 ? ', ...' : ''}`,
    );
  const entry = await readEntry(store, found[0]!);
  if (typeof entry === 'object') return entry;
  throw new VideocapError(
    'CorruptArtifact',
    `The ledger's entry ${entry} is damaged, or of another version; ` +
      `remove ledger/${entry}.json.ref from the store, and it will be asked again.`,
  );
}

/** Oldest first. `now`: milliseconds since the epoch. */
export async function openIntents({ storage }: ArtifactStore, now = Date.now()): Promise<OpenIntent[]> {
  /** The latest intent of each question. */
  const last = new Map<string, StoredObject & { number: number }>();
  for await (const object of listAll(storage, ASKING)) {
    const [, key, number] = /^(.+)\.(\d+)$/.exec(object.key.slice(ASKING.length)) ?? [];
    if (object.kind !== 'ref' || key === undefined || Number(number) < (last.get(key)?.number ?? 0)) continue;
    last.set(key, { ...object, number: Number(number) });
  }
  const open: OpenIntent[] = [];
  for (const [key, { key: ref }] of last) {
    const stored = await storage.getRef(ref);
    const intent = stored && readIntent(stored.text);
    // A holder may have died between storing the answer and removing the intent.
    if (!intent || (await storage.getRef(keyOf('ledgerEntry', { hash: key })))) continue;
    const asking = await mayBeAtWork(storage, intent, stored, now);
    open.push({ key, place: intent.place, since: stored.storedAt, state: asking ? 'being asked' : 'left' });
  }
  return open.sort((a, b) => a.since - b.since);
}

async function* entriesIn({ storage }: ArtifactStore): AsyncGenerator<Filed> {
  for await (const { kind, key, storedAt } of listAll(storage, 'ledger/')) {
    const parsed = kind === 'ref' ? parseKey(key) : undefined;
    if (parsed?.kind === 'ledgerEntry') yield { key: parsed.parts.hash, stored: storedAt };
  }
}

/** What `work` makes of items, in their order, a few of them at a time. `work` must not throw. */
async function* inOrder<T, R>(items: Iterable<T> | AsyncIterable<T>, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const ahead: Promise<R>[] = [];
  for await (const item of items) {
    ahead.push(work(item));
    if (ahead.length === AT_ONCE) yield await ahead.shift()!;
  }
  for (const last of ahead) yield await last;
}

/** The entry, or its key when it cannot be read. */
async function readEntry(store: ArtifactStore, filed: Filed): Promise<FiledEntry | string> {
  try {
    const ref = await store.find(`ledger/${filed.key}.json`);
    return { ...filed, ...(await store.readJson(ref!, LedgerEntry)) };
  } catch {
    return filed.key;
  }
}
