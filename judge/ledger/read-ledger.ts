import { opendir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { ASKING, Intent } from './intents.ts';
import { LedgerEntry } from './ledger-entry.ts';

/** A paid question as it is found: `key` is the hash that it is filed under. */
export interface FiledEntry extends LedgerEntry {
  key: string;
  /** When it was stored: milliseconds since the epoch. */
  stored: number;
}

/** Where an entry is found. */
export type Filed = Pick<FiledEntry, 'key' | 'stored'>;

/** A question that somebody is asking, or was when the process ended: perhaps paid for, and with no answer in the ledger. */
export interface OpenIntent extends Omit<Intent, 'answer'> {
  key: string;
  /** Its answer has come, and is stored by whoever asks next. */
  answered: boolean;
  /** Milliseconds since the epoch. */
  since: number;
}

const REF = '.json.ref';
const AT_ONCE = 32;

/** Every entry of a store's ledger, unread, oldest first; none where there is no ledger. */
export async function filedEntries(store: ArtifactStore): Promise<Filed[]> {
  const filed: Filed[] = [];
  for await (const entry of inOrder(keysOf(store), (key) => filedAs(store, key))) if (entry) filed.push(entry);
  return filed.sort((a, b) => a.stored - b.stored || (a.key < b.key ? -1 : 1));
}

/**
 * Entries in the order given; of one that is damaged, or written by another version, the key alone. Reads only a few ahead of
 * whoever takes them: a ledger may be larger than the memory.
 */
export function readEntries(store: ArtifactStore, filed: Iterable<Filed>): AsyncGenerator<FiledEntry | string> {
  return inOrder(filed, (entry) => readEntry(store, entry));
}

/**
 * The one entry whose key begins so.
 * @throws VideocapError `InvalidInput` when there is none, or more than one; `CorruptArtifact` when it cannot be read.
 */
export async function findEntry(store: ArtifactStore, prefix: string): Promise<FiledEntry> {
  const found: string[] = [];
  for await (const key of keysOf(store)) if (key.startsWith(prefix)) found.push(key);
  if (found.length === 0)
    throw new VideocapError('InvalidInput', `The ledger has no key that begins with "${prefix}"; list them first.`);
  if (found.length > 1)
    throw new VideocapError(
      'InvalidInput',
      `${found.length} keys in the ledger begin with "${prefix}"; write more of it: ${found
        .slice(0, 3)
        .map((key) => key.slice(0, prefix.length + 8))
        .join(', ')}${found.length > 3 ? ', ...' : ''}`,
    );
  const filed = await filedAs(store, found[0]!);
  const entry = filed && (await readEntry(store, filed));
  if (typeof entry === 'object') return entry;
  throw new VideocapError(
    'CorruptArtifact',
    `The ledger's entry ${found[0]} is damaged, or of another version; remove ledger/${found[0]}${REF} from the store, and it will be asked again.`,
  );
}

/** Oldest first. */
export async function openIntents(store: ArtifactStore): Promise<OpenIntent[]> {
  const folder = store.path(ASKING);
  const names = (await readdir(folder).catch(noFolder)).filter((name) => name.endsWith('.json'));
  const intents = await Promise.all(
    names.map((name) =>
      AT_A_TIME(async () => {
        const path = join(folder, name);
        // It may be gone by now: then it is not open.
        const [text, made] = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => []);
        const intent = text === undefined ? undefined : Intent.safeParse(parsed(text)).data;
        if (!intent || !made) return undefined;
        const { answer, ...asked } = intent;
        return { key: basename(name, '.json'), ...asked, answered: answer !== undefined, since: made.mtimeMs };
      }),
    ),
  );
  return intents.filter((intent) => intent !== undefined).sort((a, b) => a.since - b.since);
}

/** A process may open only so many files. */
const AT_A_TIME = pLimit(AT_ONCE);

async function* keysOf(store: ArtifactStore): AsyncGenerator<string> {
  const folder = await opendir(store.path('ledger')).catch(noFolder);
  for await (const { name } of folder) if (name.endsWith(REF)) yield name.slice(0, -REF.length);
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

/** Nothing where it has gone meanwhile. */
async function filedAs(store: ArtifactStore, key: string): Promise<Filed | undefined> {
  const made = await stat(store.path(`ledger/${key}${REF}`)).catch(() => undefined);
  return made && { key, stored: made.mtimeMs };
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noFolder(error: NodeJS.ErrnoException): never[] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}
