import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { ASKING, Intent } from './intents.ts';
import { LedgerEntry } from './ledger.ts';

/** A paid question as it is found: `key` is the hash that it is filed under. */
export interface FiledEntry extends LedgerEntry {
  key: string;
  /** When it was stored: milliseconds since the epoch. */
  stored: number;
}

export interface LedgerContents {
  /** Oldest first. */
  entries: FiledEntry[];
  /** Keys of entries that are damaged, or written by another version. */
  unreadable: string[];
}

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

/** Everything in a store's ledger; nothing where there is none. */
export async function readLedger(store: ArtifactStore): Promise<LedgerContents> {
  const read = await Promise.all((await keysOf(store)).map((key) => AT_A_TIME(() => readEntry(store, key))));
  const entries = read.filter((entry) => typeof entry !== 'string');
  return {
    entries: entries.sort((a, b) => a.stored - b.stored || (a.key < b.key ? -1 : 1)),
    unreadable: read.filter((entry) => typeof entry === 'string'),
  };
}

/**
 * The one entry whose key begins so.
 * @throws VideocapError `InvalidInput` when there is none, or more than one; `CorruptArtifact` when it cannot be read.
 */
export async function findEntry(store: ArtifactStore, prefix: string): Promise<FiledEntry> {
  const found = (await keysOf(store)).filter((key) => key.startsWith(prefix));
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
  const entry = await readEntry(store, found[0]!);
  if (typeof entry !== 'string') return entry;
  throw new VideocapError(
    'CorruptArtifact',
    `The ledger's entry ${entry} is damaged, or of another version; remove ledger/${entry}${REF} from the store, and it will be asked again.`,
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

async function keysOf(store: ArtifactStore): Promise<string[]> {
  const names = await readdir(store.path('ledger')).catch(noFolder);
  return names.filter((name) => name.endsWith(REF)).map((name) => name.slice(0, -REF.length));
}

/** The entry, or its key when it cannot be read. */
async function readEntry(store: ArtifactStore, key: string): Promise<FiledEntry | string> {
  try {
    const name = `ledger/${key}.json`;
    const [ref, made] = await Promise.all([store.find(name), stat(`${store.path(name)}.ref`)]);
    return { key, stored: made.mtimeMs, ...(await store.readJson(ref!, LedgerEntry)) };
  } catch {
    return key;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}
