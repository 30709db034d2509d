import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import { sha256 } from '../../core/sha256.ts';
import {
  type Page,
  requireKey,
  requireSmall,
  type Storage,
  type StoredObject,
  type StoredText,
} from '../../core/storage.ts';

/** Calls of a storage that change it. */
export type Change = 'putContent' | 'putContentFile' | 'putRef' | 'remove';

export interface BucketOptions {
  /** Objects a page. */
  pageSize?: number;
  /** Whether the answer to a change is lost: the change has happened, and the call throws. */
  losesAnswer?: (change: Change, key: string) => boolean;
}

let buckets = 0;

/**
 * A storage in memory with what a bucket offers and no more: whole objects, conditional puts, pages of keys in no
 * useful order. Its own errors are those of a connection.
 */
export class BucketStorage implements Storage {
  readonly place = `memory:${++buckets}`;
  readonly #objects = new Map<string, { object: StoredObject; bytes: Buffer }>();
  readonly #pageSize: number;
  readonly #losesAnswer: (change: Change, key: string) => boolean;
  #cache: Promise<string> | undefined;

  constructor({ pageSize = 3, losesAnswer = () => false }: BucketOptions = {}) {
    this.#pageSize = pageSize;
    this.#losesAnswer = losesAnswer;
  }

  async putContent(name: string, hash: string, bytes: Uint8Array): Promise<void> {
    requireKey(name);
    await nextTurn();
    if (sha256(bytes) !== hash) throw new Error(`The bytes of ${name} do not hash to ${hash}.`);
    this.#put('content', name, bytes);
    this.#answer('putContent', name);
  }

  async putContentFile(name: string, hash: string, path: string): Promise<void> {
    requireKey(name);
    const bytes = await readFile(path);
    if (sha256(bytes) !== hash) throw new VideocapError('Unavailable', `${path} changed while it was read.`);
    this.#put('content', name, bytes);
    this.#answer('putContentFile', name);
  }

  scratch(): Promise<string> {
    return mkdtemp(join(tmpdir(), 'videocap-scratch-'));
  }

  async getContent(name: string): Promise<Buffer | undefined> {
    requireKey(name);
    await nextTurn();
    const found = this.#objects.get(`content ${name}`);
    return found && Buffer.from(found.bytes);
  }

  async digest(name: string): Promise<{ sha256: string; bytes: number } | undefined> {
    const bytes = await this.getContent(name);
    return bytes && { sha256: sha256(bytes), bytes: bytes.byteLength };
  }

  async localCopy(name: string, hash: string): Promise<string | undefined> {
    const bytes = await this.getContent(name);
    if (bytes === undefined || sha256(bytes) !== hash) return undefined;
    this.#cache ??= mkdtemp(join(tmpdir(), 'videocap-bucket-'));
    const path = join(await this.#cache, hash);
    await writeFile(path, bytes);
    return path;
  }

  async putRef(key: string, text: string, { ifAbsent }: { ifAbsent: boolean }): Promise<string> {
    requireKey(key);
    requireSmall(key, text);
    await nextTurn();
    const there = this.#objects.get(`ref ${key}`);
    if (ifAbsent && there) return there.bytes.toString();
    this.#put('ref', key, Buffer.from(text));
    this.#answer('putRef', key);
    return text;
  }

  async getRef(key: string): Promise<StoredText | undefined> {
    requireKey(key);
    await nextTurn();
    const found = this.#objects.get(`ref ${key}`);
    return found && { text: found.bytes.toString(), storedAt: found.object.storedAt };
  }

  async list(prefix: string, cursor?: string): Promise<Page> {
    await nextTurn();
    // By hash, so that no caller can rely on an order.
    const all = [...this.#objects].sort(([a], [b]) => (sha256(a) < sha256(b) ? -1 : 1));
    const after = all.filter(([id]) => cursor === undefined || sha256(id) > cursor);
    const page = after.slice(0, this.#pageSize);
    return {
      objects: page.map(([, { object }]) => ({ ...object })).filter(({ key }) => key.startsWith(prefix)),
      ...(after.length > page.length && { next: sha256(page.at(-1)![0]) }),
    };
  }

  async remove({ kind, key }: Pick<StoredObject, 'kind' | 'key'>): Promise<void> {
    requireKey(key);
    await nextTurn();
    this.#objects.delete(`${kind} ${key}`);
    this.#answer('remove', key);
  }

  /** Changes what lies there, as a fault of the bucket would. */
  damage(kind: 'content' | 'ref', key: string, bytes: string): void {
    this.#put(kind, key, Buffer.from(bytes));
  }

  #put(kind: 'content' | 'ref', key: string, bytes: Uint8Array): void {
    const object = { kind, key, bytes: bytes.byteLength, storedAt: Date.now() };
    this.#objects.set(`${kind} ${key}`, { object, bytes: Buffer.from(bytes) });
  }

  #answer(change: Change, key: string): void {
    if (this.#losesAnswer(change, key))
      throw Object.assign(new Error(`socket hang up: ${change} ${key}`), { code: 'ECONNRESET' });
  }
}

/** Requests of others come between. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
