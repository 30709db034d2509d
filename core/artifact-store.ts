import { mkdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { z } from 'zod';
import type { ArtifactRef } from './artifact-ref.ts';
import { ignoreMissing, writeDurably } from './durable-file.ts';
import { VideocapError } from './errors.ts';
import type { Fence } from './fence.ts';
import { sha256, sha256OfFile } from './sha256.ts';
import { contentName, parseRef, recoverRef, refsIn } from './stored-ref.ts';

export { sha256, sha256OfFile };

/** How long an artifact's last use may be out of date. */
const USE_NOTED_MILLISECONDS = 10 * 60_000;

/** True of all that a run makes: who takes it up asks for it again, and `once` and `onceJson` look before they give. */
const MEND = 'restore it, or have it made again: videocap resume <run>';

/**
 * A write-once store of files. An artifact `a/b.json` is a file `a/b.<hash>.json`, named by its content, and a small
 * `a/b.json.ref` that is written after it: an artifact either exists whole or not at all. Two writers of one key are
 * settled by the file system: the first ref wins, and a later writer with other bytes is refused.
 *
 * Nothing damaged is ever given out: contents are checked against their hash, and a ref against the name it must have. What
 * `once` finds damaged, it makes again, and `onceJson` also what its value refers to; elsewhere it is refused with the
 * artifact's name. The time of a content file is when it was made or last found by `once` or `put`, to within ten minutes:
 * `videocap gc` goes by it.
 */
export class ArtifactStore {
  readonly root: string;
  readonly #fence: () => Fence | undefined;

  /** @param fence the right to write of whoever is writing now; without one, everybody may. */
  constructor(root: string, { fence = () => undefined }: { fence?: () => Fence | undefined } = {}) {
    this.root = root;
    this.#fence = fence;
  }

  /** The same store for what is worth keeping whoever brings it, such as an answer that was paid for. */
  unfenced(): ArtifactStore {
    return new ArtifactStore(this.root);
  }

  /** For effects outside of the store: call it just before them. @throws VideocapError `Superseded`. */
  async mayCommit(): Promise<void> {
    await this.#fence()?.check();
  }

  /** Where the artifact's bytes are. Throws `InvalidInput` for a key that leaves the store. */
  path(keyOrRef: string | ArtifactRef): string {
    const key = typeof keyOrRef === 'string' ? keyOrRef : keyOrRef.uri.slice('store:'.length);
    const relative = normalize(key);
    if (key === '' || relative.startsWith('..') || relative.startsWith('/'))
      throw new VideocapError('InvalidInput', `Artifact key "${key}" points outside the store; use a relative key.`);
    return join(this.root, relative);
  }

  /**
   * The reference recorded for a key, or `undefined`. Cheap: reads the ref, not the bytes. A ref that is damaged is written
   * again from the file that it must have named, where there is no doubt which.
   * @throws VideocapError `CorruptArtifact` where there is doubt.
   */
  async find(key: string): Promise<ArtifactRef | undefined> {
    const recorded = await this.#recorded(key);
    if (recorded !== 'damaged') return recorded;
    const recovered = await this.#recover(key);
    if (recovered) return recovered;
    throw new VideocapError(
      'CorruptArtifact',
      `The reference of artifact ${key} is damaged; restore ${key}.ref, or remove it so that the artifact is made again.`,
    );
  }

  /**
   * Stores bytes under a key, atomically and durably. Storing the same bytes again is a no-op.
   * @throws VideocapError `ArtifactConflict` when the key already holds other bytes; `Superseded`.
   */
  async put(key: string, bytes: Uint8Array | string): Promise<ArtifactRef> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    const hash = sha256(data);
    const ref = { uri: `store:${contentName(key, hash)}`, sha256: hash, bytes: data.byteLength };
    await this.mayCommit();
    const found = await this.#recorded(key);
    if (found === 'damaged') return this.#write(key, ref, data, 'replace');
    if (found) {
      this.#requireSame(key, found, ref);
      // The bytes are at hand: what was damaged of them is mended.
      return (await this.#verifies(found)) ? found : this.#write(key, ref, data, 'replace');
    }
    return this.#write(key, ref, data, 'first wins');
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
      throw new VideocapError('CorruptArtifact', `Artifact ${ref.uri} is gone from the store; ${MEND}.`);
    if (bytes.byteLength !== ref.bytes || sha256(bytes) !== ref.sha256)
      throw new VideocapError(
        'CorruptArtifact',
        `Artifact ${ref.uri} is damaged, it does not hash to ${ref.sha256}; ${MEND}.`,
      );
    return bytes;
  }

  async readJson<S extends z.ZodType>(ref: ArtifactRef, schema: S): Promise<z.infer<S>> {
    return schema.parse(JSON.parse((await this.read(ref)).toString('utf8')));
  }

  /** The artifact of a key: what is stored and verifies, else what `make` returns, stored. The pattern of every idempotent activity. */
  async once(key: string, make: () => Promise<Uint8Array | string>): Promise<ArtifactRef> {
    const found = await this.#recorded(key);
    if (found !== undefined) {
      if (found !== 'damaged' && (await this.#verifies(found))) return found;
      const recovered = await this.#recover(key, found === 'damaged' ? undefined : found);
      if (recovered) return recovered;
    }
    await this.mayCommit();
    const bytes = Buffer.from(await make());
    await this.mayCommit();
    if (found !== undefined && (await this.#isStill(key, found))) {
      const hash = sha256(bytes);
      const ref = { uri: `store:${contentName(key, hash)}`, sha256: hash, bytes: bytes.byteLength };
      return this.#write(key, ref, bytes, 'replace');
    }
    return this.put(key, bytes).catch(async (error: unknown) => {
      // Another attempt at the same work was faster; its bytes may differ in how long it took, say. The first one counts.
      const winner = error instanceof VideocapError && error.code === 'ArtifactConflict' && (await this.find(key));
      if (winner) return winner;
      throw error;
    });
  }

  /** `once` for a JSON value that others refer to. A stage whose own record is lost finds it, and does not make it again. */
  async putJsonOnce(key: string, make: () => Promise<unknown>): Promise<ArtifactRef> {
    return this.once(key, async () => `${JSON.stringify(await make())}\n`);
  }

  /**
   * `once` for a JSON value: returns the stored value, or makes, checks and stores it. Of a stored value, what it refers to is
   * looked at too: where some of it is damaged or gone, `make` is called for its artifacts, and the value stays as it is.
   * @throws VideocapError `CorruptArtifact` when they come out otherwise than the value says.
   */
  async onceJson<S extends z.ZodType>(key: string, schema: S, make: () => Promise<z.infer<S>>): Promise<z.infer<S>> {
    let made = false;
    const ref = await this.once(key, async () => {
      made = true;
      return `${JSON.stringify(schema.parse(await make()))}\n`;
    });
    const value = await this.readJson(ref, schema);
    const damaged = made ? undefined : await this.firstDamaged(value);
    if (!damaged) return value;
    await this.mayCommit();
    await make().catch((error: unknown) => {
      throw error instanceof VideocapError && error.code === 'ArtifactConflict' ? changed(damaged, error) : error;
    });
    if (await this.firstDamaged(value)) throw changed(damaged);
    return value;
  }

  /** An artifact that a value refers to, itself or through other JSON artifacts, and that is damaged or gone. */
  async firstDamaged(value: unknown): Promise<ArtifactRef | undefined> {
    for (const ref of refsIn(value)) {
      if (!(await this.#verifies(ref))) return ref;
      const inner = ref.uri.endsWith('.json') && (await this.firstDamaged(JSON.parse(`${await this.read(ref)}`)));
      if (inner) return inner;
    }
    return undefined;
  }

  /** Forgets an artifact. Removing what is not there is a no-op. @throws VideocapError `Superseded`. */
  async remove(key: string): Promise<void> {
    const found = await this.#recorded(key);
    if (found === undefined) return;
    await this.mayCommit();
    await rm(`${this.path(key)}.ref`, { force: true });
    if (found !== 'damaged') await rm(this.path(found), { force: true });
  }

  async #recorded(key: string): Promise<ArtifactRef | 'damaged' | undefined> {
    const text = await readFile(`${this.path(key)}.ref`, 'utf8').catch(ignoreMissing);
    return text === undefined ? undefined : (parseRef(key, text) ?? 'damaged');
  }

  async #isStill(key: string, before: ArtifactRef | 'damaged'): Promise<boolean> {
    const now = await this.#recorded(key);
    return typeof now === 'object' && typeof before === 'object' ? now.sha256 === before.sha256 : now === before;
  }

  async #recover(key: string, named?: ArtifactRef): Promise<ArtifactRef | undefined> {
    const ref = await recoverRef(key, dirname(this.path(key)), named);
    if (ref) await writeDurably(`${this.path(key)}.ref`, JSON.stringify(ref), 'replace', () => this.mayCommit());
    return ref;
  }

  /** The content first, then the ref, which makes it an artifact. */
  async #write(key: string, ref: ArtifactRef, data: Uint8Array, mode: 'replace' | 'first wins'): Promise<ArtifactRef> {
    const mayCommit = () => this.mayCommit();
    await mkdir(dirname(this.path(key)), { recursive: true });
    await writeDurably(this.path(ref), data, 'replace', mayCommit);
    if (await writeDurably(`${this.path(key)}.ref`, JSON.stringify(ref), mode, mayCommit)) return ref;
    const winner = (await this.find(key))!;
    this.#requireSame(key, winner, ref);
    return winner;
  }

  async #verifies(ref: ArtifactRef): Promise<boolean> {
    const path = this.path(ref);
    const file = await stat(path).catch(ignoreMissing);
    if (file?.size !== ref.bytes || (await sha256OfFile(path)) !== ref.sha256) return false;
    const now = new Date();
    // A hint: a disk that takes no writes must not keep anybody from reading.
    if (now.getTime() - file.mtimeMs > USE_NOTED_MILLISECONDS) await utimes(path, now, now).catch(() => undefined);
    return true;
  }

  #requireSame(key: string, stored: ArtifactRef, offered: ArtifactRef): void {
    if (stored.sha256 === offered.sha256) return;
    throw new VideocapError(
      'ArtifactConflict',
      `Artifact ${key} is already stored with sha256 ${stored.sha256}, and was offered again with ${offered.sha256}.`,
    );
  }
}

function changed(ref: ArtifactRef, cause?: Error): VideocapError {
  return new VideocapError(
    'CorruptArtifact',
    `Artifact ${ref.uri} is damaged, and what is made in its place is not the same; restore it, fork the run from an earlier step, or start a new one.`,
    { cause },
  );
}
