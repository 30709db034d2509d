import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, normalize, posix } from 'node:path';
import type { z } from 'zod';
import { ArtifactRef } from './artifact-ref.ts';
import { VideocapError } from './errors.ts';

/**
 * A write-once store of files. An artifact `a/b.json` is a file `a/b.<hash>.json`, named by its content, and a small
 * `a/b.json.ref` that is written after it: an artifact either exists whole or not at all. Two writers of one key are
 * settled by the file system: the first ref wins, and a later writer with other bytes is refused.
 */
export class ArtifactStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Where the artifact's bytes are. Throws `InvalidInput` for a key that leaves the store. */
  path(keyOrRef: string | ArtifactRef): string {
    const key = typeof keyOrRef === 'string' ? keyOrRef : keyOrRef.uri.slice('store:'.length);
    const relative = normalize(key);
    if (key === '' || relative.startsWith('..') || relative.startsWith('/'))
      throw new VideocapError('InvalidInput', `Artifact key "${key}" points outside the store; use a relative key.`);
    return join(this.root, relative);
  }

  /** The reference recorded for a key, or `undefined`. Cheap: reads the ref, not the bytes. */
  async find(key: string): Promise<ArtifactRef | undefined> {
    const text = await readFile(`${this.path(key)}.ref`, 'utf8').catch(ignoreMissing);
    return text === undefined ? undefined : ArtifactRef.parse(JSON.parse(text));
  }

  /**
   * Stores bytes under a key, atomically and durably. Storing the same bytes again is a no-op.
   * @throws VideocapError `ArtifactConflict` when the key already holds other bytes.
   */
  async put(key: string, bytes: Uint8Array | string): Promise<ArtifactRef> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    const hash = sha256(data);
    const ref = { uri: `store:${contentName(key, hash)}`, sha256: hash, bytes: data.byteLength };
    const found = await this.find(key);
    if (found) return this.#same(key, found, ref);
    await mkdir(dirname(this.path(key)), { recursive: true });
    await writeDurably(this.path(ref), data, 'replace');
    const won = await writeDurably(`${this.path(key)}.ref`, Buffer.from(JSON.stringify(ref)), 'first wins');
    if (won) return ref;
    return this.#same(key, (await this.find(key))!, ref);
  }

  async putJson(key: string, value: unknown): Promise<ArtifactRef> {
    return this.put(key, `${JSON.stringify(value)}\n`);
  }

  /**
   * The bytes of an artifact, checked against its hash.
   * @throws VideocapError `CorruptArtifact` when they are missing or differ.
   */
  async read(ref: ArtifactRef): Promise<Buffer> {
    const bytes = await readFile(this.path(ref)).catch(ignoreMissing);
    if (bytes === undefined)
      throw new VideocapError(
        'CorruptArtifact',
        `Artifact ${ref.uri} is gone from the store; restore it or run again.`,
      );
    if (sha256(bytes) !== ref.sha256)
      throw new VideocapError(
        'CorruptArtifact',
        `Artifact ${ref.uri} does not hash to ${ref.sha256}; remove the file and its .ref so that it is made again.`,
      );
    return bytes;
  }

  async readJson<S extends z.ZodType>(ref: ArtifactRef, schema: S): Promise<z.infer<S>> {
    return schema.parse(JSON.parse((await this.read(ref)).toString('utf8')));
  }

  /** The artifact of a key: what is stored and verifies, else what `make` returns, stored. The pattern of every idempotent activity. */
  async once(key: string, make: () => Promise<Uint8Array | string>): Promise<ArtifactRef> {
    const found = await this.find(key);
    if (found && (await this.#verifies(found))) return found;
    if (found) await this.remove(key);
    const bytes = await make();
    return this.put(key, bytes).catch(async (error: unknown) => {
      // Another attempt at the same work was faster; its bytes may differ in how long it took, say. The first one counts.
      const winner = error instanceof VideocapError && error.code === 'ArtifactConflict' && (await this.find(key));
      if (winner) return winner;
      throw error;
    });
  }

  /** `once` for a JSON value: returns the stored value, or makes, checks and stores it. */
  async onceJson<S extends z.ZodType>(key: string, schema: S, make: () => Promise<z.infer<S>>): Promise<z.infer<S>> {
    const ref = await this.once(key, async () => `${JSON.stringify(schema.parse(await make()))}\n`);
    return this.readJson(ref, schema);
  }

  /** Forgets an artifact. Removing what is not there is a no-op. */
  async remove(key: string): Promise<void> {
    const ref = await this.find(key);
    if (!ref) return;
    await rm(`${this.path(key)}.ref`, { force: true });
    await rm(this.path(ref), { force: true });
  }

  async #verifies(ref: ArtifactRef): Promise<boolean> {
    const size = (await stat(this.path(ref)).catch(ignoreMissing))?.size;
    return size === ref.bytes && (await sha256OfFile(this.path(ref))) === ref.sha256;
  }

  #same(key: string, stored: ArtifactRef, offered: ArtifactRef): ArtifactRef {
    if (stored.sha256 === offered.sha256) return stored;
    throw new VideocapError(
      'ArtifactConflict',
      `Artifact ${key} is already stored with sha256 ${stored.sha256}, and was offered again with ${offered.sha256}.`,
    );
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The hash of a file, read in pieces: videos and checkpoints can be large. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** `a/b.json` -> `a/b.0123456789ab.json`. */
function contentName(key: string, hash: string): string {
  const { dir, name, ext } = posix.parse(key);
  return posix.join(dir, `${name}.${hash.slice(0, 12)}${ext}`);
}

/** Writes to a temporary file, flushes, then moves it into place. `first wins`: returns false when the path exists. */
async function writeDurably(path: string, bytes: Uint8Array, mode: 'replace' | 'first wins'): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    if (mode === 'replace') await rename(temporary, path);
    else await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary).catch(ignoreMissing);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
