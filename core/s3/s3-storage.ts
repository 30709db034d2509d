import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text as textOf } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { PRIVATE } from '../durable-file.ts';
import { VideocapError } from '../errors.ts';
import { checkedPieces, sha256, sha256OfFile } from '../sha256.ts';
import { type Page, requireKey, requireSmall, type Storage, type StoredObject, type StoredText } from '../storage.ts';
import type { Bucket } from './bucket.ts';
import type { LocalCopies } from './local-copies.ts';

const REF = '.ref';
/** Where a listing of everything goes on with the uploads that were begun and not ended. */
const UPLOADS = 'uploads';
const UPLOAD = '?upload=';
/** How the names begin of objects that only try the bucket. */
const PROBE = 'videocap-probe';
const WRITERS = 16;

/**
 * A storage in an S3 bucket, for workers on several hosts. Objects are named as the files of `FileStorage` are, so that
 * a store can be copied between a folder and a bucket by any program. The first of many refs is settled by the bucket
 * (`If-None-Match: *`); a hash is what the writer put with the object, and the bucket checked when it took it.
 */
export class S3Storage implements Storage {
  readonly place: string;
  readonly #bucket: Bucket;
  readonly #copies: LocalCopies;

  constructor(bucket: Bucket, copies: LocalCopies) {
    this.place = bucket.name;
    this.#bucket = bucket;
    this.#copies = copies;
  }

  /**
   * Lets several writers put one object at once.
   * @throws VideocapError `MissingTool` where the server answers more than one of them that it was the first: it has
   *   no conditional writes, or looks and then writes.
   */
  async requireConditionalWrites(): Promise<void> {
    const key = `${PROBE}-${randomUUID()}`;
    const write = () => this.#bucket.put(key, Buffer.from(PROBE), sha256(PROBE), { ifAbsent: true });
    const outcomes = await Promise.allSettled(Array.from({ length: WRITERS }, write));
    if (outcomes.some(({ status }) => status === 'fulfilled')) await this.#bucket.delete(key);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    // None, where its answer was lost.
    if (outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length <= 1) return;
    throw new VideocapError(
      'MissingTool',
      `The store ${this.place} does not heed "If-None-Match: *" of writes at one moment, so two workers could ` +
        "overwrite each other's work; use a server with atomic conditional writes.",
    );
  }

  async putContent(name: string, hash: string, bytes: Uint8Array): Promise<void> {
    await this.#bucket.put(objectOf('content', name), bytes, hash, { ifAbsent: false });
  }

  async putContentFile(name: string, hash: string, path: string): Promise<void> {
    await this.#bucket.upload(objectOf('content', name), () => Readable.from(checkedPieces(path, hash)), hash);
    if (this.#copies.isScratch(resolve(path))) await this.#copies.keep(hash, path);
  }

  scratch(): Promise<string> {
    return this.#copies.scratch();
  }

  async getContent(name: string): Promise<Buffer | undefined> {
    return this.#bucket.get(objectOf('content', name), (body) => buffer(body));
  }

  async digest(name: string): Promise<{ sha256: string; bytes: number } | undefined> {
    const key = objectOf('content', name);
    const found = await this.#bucket.head(key);
    if (!found) return undefined;
    if (found.sha256 !== undefined) return { sha256: found.sha256, bytes: found.bytes };
    return this.#bucket.get(key, async (body) => {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        hash.update(piece);
        bytes += piece.byteLength;
      }
      return { sha256: hash.digest('hex'), bytes };
    });
  }

  async localCopy(name: string, hash: string): Promise<string | undefined> {
    const key = objectOf('content', name);
    if (!(await this.#bucket.head(key))) return undefined;
    return (
      (await this.#copies.find(hash)) ??
      this.#copies.make(hash, async (path) => (await this.#download(key, path)) === hash)
    );
  }

  async putRef(key: string, text: string, { ifAbsent }: { ifAbsent: boolean }): Promise<string> {
    requireSmall(key, text);
    const bytes = Buffer.from(text);
    for (;;) {
      if (await this.#bucket.put(objectOf('ref', key), bytes, sha256(bytes), { ifAbsent })) return text;
      const there = await this.getRef(key);
      if (there) return there.text; // else it was removed in between
    }
  }

  async getRef(key: string): Promise<StoredText | undefined> {
    return this.#bucket.get(objectOf('ref', key), async (body, lastModified) => ({
      text: await textOf(body),
      storedAt: wholeSeconds(lastModified),
    }));
  }

  /** Pages of objects; after the last one of a listing of everything, uploads that were not ended. */
  async list(prefix: string, cursor?: string): Promise<Page> {
    if (cursor === UPLOADS) return { objects: (await this.#uploads()).filter(({ key }) => key.startsWith(prefix)) };
    const { objects, next } = await this.#bucket.list(prefix, cursor);
    const rest = next ?? (prefix === '' || prefix.includes(UPLOAD) ? UPLOADS : undefined);
    return {
      objects: objects
        .filter(({ key }) => !key.startsWith(PROBE) && !key.endsWith('/'))
        .map(({ key, bytes, lastModified }) => {
          const isRef = key.endsWith(REF);
          return {
            kind: isRef ? 'ref' : 'content',
            key: isRef ? key.slice(0, -REF.length) : key,
            bytes,
            storedAt: wholeSeconds(lastModified),
          };
        }),
      ...(rest !== undefined && { next: rest }),
    };
  }

  async remove({ kind, key }: Pick<StoredObject, 'kind' | 'key'>): Promise<void> {
    const at = kind === 'unfinished' ? key.indexOf(UPLOAD) : -1;
    if (at < 0) await this.#bucket.delete(objectOf(kind, key));
    else await this.#bucket.abortUpload(key.slice(0, at), key.slice(at + UPLOAD.length));
  }

  async #uploads(): Promise<StoredObject[]> {
    return (await this.#bucket.uploads()).map(({ key, id, begun }) => ({
      kind: 'unfinished',
      key: `${key}${UPLOAD}${id}`,
      bytes: 0,
      storedAt: wholeSeconds(begun),
    }));
  }

  /** @returns the hash of what was written. */
  #download(key: string, path: string): Promise<string | undefined> {
    return this.#bucket.get(key, async (body) => {
      await pipeline(body, createWriteStream(path, { mode: PRIVATE.file }));
      return sha256OfFile(path);
    });
  }
}

function objectOf(kind: StoredObject['kind'], key: string): string {
  requireKey(key);
  return kind === 'ref' ? `${key}${REF}` : key;
}

/** Answers to single objects count whole seconds, listings finer times: both must tell the same. */
function wholeSeconds(time: Date): number {
  return 1000 * Math.floor(time.getTime() / 1000);
}
