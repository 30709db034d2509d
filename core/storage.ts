import { posix } from 'node:path';
import { clipped } from './clipped.ts';
import { VideocapError } from './errors.ts';

/** Bytes of UTF-8 that a ref may have. */
export const LARGEST_REF = 64 * 1024;

/**
 * A small text under a key. `storedAt`: when it was last put, in milliseconds since the epoch, by the storage's clock.
 */
export interface StoredText {
  text: string;
  storedAt: number;
}

/**
 * What a storage holds. `unfinished`: what a writer that died left half written, where a storage can have such things;
 * its key serves to remove it, and nothing else.
 */
export interface StoredObject {
  kind: 'content' | 'ref' | 'unfinished';
  key: string;
  bytes: number;
  /** When it was last put, in milliseconds since the epoch, by the storage's clock. */
  storedAt: number;
}

export interface Page {
  objects: StoredObject[];
  /** Where the next page begins; without it, this page is the last. */
  next?: string;
}

/**
 * What the artifact store, the fences and the judge's ledger need of a file system or a bucket.
 *
 * It holds *contents*, of any size, each under a name that contains its hash, so that a name never stands for two
 * different contents; and *refs*, small texts under keys. A content and a ref may have the same key.
 *
 * An implementation must promise
 * - Atomicity: a reader finds a content or a ref whole, in one of the states that writers have put, or not at all. Of
 *   many `putRef` with `ifAbsent` on one key, exactly one stores its text.
 * - Durability and read-after-write: once a put or a removal has returned, every reader and every listing on any
 *   machine sees it, and it survives the death of the writer and of its machine.
 * - Repetition: when a call throws, its effect may have happened or not (the answer may be lost after the write).
 *   Calling again with the same arguments is right in both cases; this is why `putRef` returns the stored text, not
 *   whether this call stored it.
 * - Keys: relative, `/` between parts, at most 900 bytes; any other is refused with `InvalidInput`.
 *
 * It need not offer: rename, append, times that a caller sets, times finer than a second, time of last read, an order
 * of listed objects, or a listing that is one moment's state across its pages.
 *
 * Stored bytes may get damaged. The storage need not detect that: the artifact store compares every content with its
 * hash, and every ref with its key. Faults that pass are thrown as the system's own errors (`ENOSPC`, `EROFS`,
 * `ECONNRESET`, ...) or as `Unavailable`.
 */
export interface Storage {
  /** Two storages with the same place hold the same things. */
  readonly place: string;

  /** Stores a content. A content that is stored under the name already, the same or damaged, is replaced. */
  putContent(name: string, sha256: string, bytes: Uint8Array): Promise<void>;

  /**
   * Stores the bytes of a file on this machine, as `putContent`, without holding them in memory. A file in a folder of
   * `scratch` is taken over: its caller removes it, and changes nothing in it. Any other file is copied and compared
   * with the hash.
   * @throws VideocapError `Unavailable` where a copied file has another hash: it changed meanwhile.
   */
  putContentFile(name: string, sha256: string, path: string): Promise<void>;

  /**
   * A new, empty folder on this machine, for files that `putContentFile` takes over. The caller removes it; what a
   * caller that died left in it is `unfinished`, where the folder is in the storage.
   */
  scratch(): Promise<string>;

  /** Nothing where there is no such content. The bytes are not compared with any hash. */
  getContent(name: string): Promise<Buffer | undefined>;

  /** Hash and size of the bytes under a name now: computed from them, or the storage's own checksum. */
  digest(name: string): Promise<{ sha256: string; bytes: number } | undefined>;

  /**
   * The path of a local file with a content, for programs that open files. The caller reads it only, and soon. A file
   * system gives its own file, unchecked; a bucket downloads to a cache, checked against the hash.
   */
  localCopy(name: string, sha256: string): Promise<string | undefined>;

  /**
   * Stores a text of at most `LARGEST_REF` bytes. With `ifAbsent`, a text that is there stays.
   * @returns the text that is stored under the key afterwards. If it is not the given one, another writer was first.
   */
  putRef(key: string, text: string, options: { ifAbsent: boolean }): Promise<string>;

  getRef(key: string): Promise<StoredText | undefined>;

  /**
   * One page of the objects whose key begins with `prefix`; the storage chooses how many. An empty page may have a next
   * one.
   */
  list(prefix: string, cursor?: string): Promise<Page>;

  /** Removing what is not there is no error. */
  remove(object: Pick<StoredObject, 'kind' | 'key'>): Promise<void>;
}

/** Every object whose key begins with `prefix`, page by page. */
export async function* listAll(storage: Storage, prefix: string): AsyncGenerator<StoredObject> {
  for (let cursor: string | undefined; ; ) {
    const { objects, next } = await storage.list(prefix, cursor);
    yield* objects;
    if (next === undefined) return;
    cursor = next;
  }
}

/** For implementations. @throws VideocapError `InvalidInput` for a key that is none. */
export function requireKey(key: string): void {
  if (
    key === '' ||
    key.startsWith('/') ||
    posix.normalize(key) !== key ||
    key.split('/')[0] === '..' ||
    key.endsWith('/')
  )
    throw new VideocapError('InvalidInput', `Artifact key "${key}" points outside the store; use a relative key.`);
  if (Buffer.byteLength(key) > 900)
    throw new VideocapError('InvalidInput', `Artifact key "${clipped(key, 60)}" is longer than 900 bytes; shorten it.`);
}

/** For implementations. @throws VideocapError `InvalidInput` for a text that is too long for a ref. */
export function requireSmall(key: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST_REF)
    throw new VideocapError(
      'InvalidInput',
      `The ref ${key} has ${bytes} bytes, and at most ${LARGEST_REF} may be put.`,
    );
}
