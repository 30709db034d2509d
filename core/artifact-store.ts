import { stat } from 'node:fs/promises';
import type { z } from 'zod';
import type { ArtifactRef } from './artifact-ref.ts';
import { unlessDamaged, VideocapError } from './errors.ts';
import type { Claim, Fence } from './fence.ts';
import { FileStorage } from './file-storage.ts';
import { jsonBytes, parseJsonBytes } from './json-in-parts.ts';
import { parseInParts } from './parse-in-parts.ts';
import { sha256, sha256InParts, sha256OfFile } from './sha256.ts';
import type { Storage } from './storage.ts';
import { standInsOf } from './store-layout.ts';
import { keyOfContent, mayHaveRefs, nameIn, parseRef, recoverRef, refsIn, refTo } from './stored-ref.ts';

export { sha256, sha256OfFile };

/** How long the time of an artifact's last use may be out of date. */
const USE_NOTED_MILLISECONDS = 10 * 60_000;

/**
 * Every artifact of a run can be rebuilt: on resume, `once` and `onceJson` verify it and make it again if it is
 * damaged.
 */
const REMEDY = 'restore it, or have it made again: videocap resume <run>';

/**
 * A write-once store of artifacts. An artifact `a/b.json` is a content `a/b.<hash>.json`, named by its hash, and the
 * ref `a/b.json`, which is put after it: an artifact either exists whole or not at all. Of two writers of one key, the
 * first to put its ref wins, and a later writer with other bytes is refused.
 *
 * Contents are stored under their key and hash, and are not shared between keys: a run can remove its old checkpoints,
 * and free their space at once, without knowing which other runs have the same bytes.
 *
 * Nothing damaged is ever given out: contents are checked against their hash, and a ref against its key. `once` makes a
 * damaged artifact again, and `onceJson` also those that its value refers to; other readers get an error with the
 * artifact's name.
 *
 * What runs share is kept for as long as it is used: `once` and `put` put the ref of a shared artifact again when they
 * find it, unless that was done in the last ten minutes. `videocap gc` uses the time of the last put.
 */
export class ArtifactStore {
  readonly storage: Storage;
  readonly #fence: () => Fence | undefined;

  /**
   * @param storage where everything lies; a path means that folder.
   * @param fence the right of the attempt that calls to write; without one, every caller may write.
   */
  constructor(storage: Storage | string, { fence = () => undefined }: { fence?: () => Fence | undefined } = {}) {
    this.storage = typeof storage === 'string' ? new FileStorage(storage) : storage;
    this.#fence = fence;
  }

  /** The same store for what superseded attempts may store too, such as an answer that was paid for. */
  unfenced(): ArtifactStore {
    return new ArtifactStore(this.storage);
  }

  /** Claims of the calling attempt, which show others whether a later attempt superseded it. */
  get claims(): readonly Claim[] {
    return this.#fence()?.claims ?? [];
  }

  /** For effects outside of the store: call it just before them. @throws VideocapError `Superseded`. */
  async mayCommit(): Promise<void> {
    await this.#fence()?.check();
  }

  /**
   * The path of a local file with an artifact's bytes, for programs that open files. They must check it against the
   * hash.
   * @throws VideocapError `CorruptArtifact` where there is none.
   */
  async localCopy(ref: ArtifactRef): Promise<string> {
    const path = await this.storage.localCopy(nameIn(ref), ref.sha256);
    if (path === undefined) throw gone(ref);
    return path;
  }

  /**
   * The reference recorded for a key, or `undefined`. Cheap: reads the ref, not the bytes. A ref that is damaged is put
   * again from the content that it must have named, where there is no doubt which.
   * @throws VideocapError `CorruptArtifact` where there is doubt.
   */
  async find(key: string): Promise<ArtifactRef | undefined> {
    const recorded = await this.#recorded(key);
    if (recorded !== 'damaged') return recorded?.ref;
    const recovered = await this.#recover(key);
    if (recovered) return recovered;
    throw new VideocapError(
      'CorruptArtifact',
      `The ref of artifact ${key} is damaged; restore it, or remove it so that the artifact is made again.`,
    );
  }

  /**
   * Stores bytes under a key, atomically and durably. Storing the same bytes again is a no-op.
   * @throws VideocapError `ArtifactConflict` when the key already holds other bytes; `Superseded`.
   */
  async put(key: string, bytes: Uint8Array | string): Promise<ArtifactRef> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    return this.#put(key, refTo(key, await sha256InParts(data), data.byteLength), (name, hash) =>
      this.storage.putContent(name, hash, data),
    );
  }

  /**
   * `put` of a file's bytes, which are never in memory as a whole. A file in a folder of `storage.scratch` is taken
   * over.
   */
  async putFile(key: string, { path, sha256: hash }: { path: string; sha256: string }): Promise<ArtifactRef> {
    const { size } = await stat(path);
    return this.#put(key, refTo(key, hash, size), (name) => this.storage.putContentFile(name, hash, path));
  }

  /** `put` of the bytes of another artifact. @throws VideocapError `CorruptArtifact` where they are damaged. */
  async putCopy(key: string, of: ArtifactRef): Promise<ArtifactRef> {
    const path = await this.localCopy(of);
    if (!(await this.#verifies(of))) throw damaged(of);
    return this.putFile(key, { path, sha256: of.sha256 });
  }

  async putJson(key: string, value: unknown): Promise<ArtifactRef> {
    return this.put(key, await jsonBytes(value));
  }

  /**
   * The bytes of an artifact, checked against its hash.
   * @throws VideocapError `CorruptArtifact` when they are missing or differ.
   */
  async read(ref: ArtifactRef): Promise<Buffer> {
    const bytes = await this.storage.getContent(nameIn(ref));
    if (bytes === undefined) throw gone(ref);
    if (bytes.byteLength !== ref.bytes || (await sha256InParts(bytes)) !== ref.sha256) throw damaged(ref);
    return bytes;
  }

  async readJson<S extends z.ZodType>(ref: ArtifactRef, schema: S): Promise<z.infer<S>> {
    return parseInParts(schema, await parseJsonBytes(await this.read(ref)));
  }

  /**
   * The artifact of a key: what is stored and verifies, else what `make` returns, stored. The pattern of every
   * idempotent activity.
   */
  async once(key: string, make: () => Promise<Uint8Array | string>): Promise<ArtifactRef> {
    const found = await this.#recorded(key);
    if (found !== undefined) {
      // The use is noted before the artifact is verified: what gc removes in between is made again.
      if (found !== 'damaged') await this.#noteUse(key, found);
      if (found !== 'damaged' && (await this.#verifies(found.ref))) return found.ref;
      const recovered = await this.#recover(key, found === 'damaged' ? undefined : found.ref);
      if (recovered) return recovered;
    }
    await this.mayCommit();
    const made = await make();
    const bytes = typeof made === 'string' ? Buffer.from(made) : made;
    await this.mayCommit();
    if (found !== undefined && (await this.#isStill(key, found)))
      return this.#write(
        key,
        refTo(key, await sha256InParts(bytes), bytes.byteLength),
        (name, hash) => this.storage.putContent(name, hash, bytes),
        { ifAbsent: false },
      );
    return this.put(key, bytes).catch(async (error: unknown) => {
      // Another attempt stored its artifact first. The bytes may differ, in durations for example; the first ones
      // count.
      const winner = error instanceof VideocapError && error.code === 'ArtifactConflict' && (await this.find(key));
      if (winner) return winner;
      throw error;
    });
  }

  /**
   * `once` for a JSON value that others refer to. A stage whose own record is lost finds it, and does not make it
   * again.
   */
  async putJsonOnce(key: string, make: () => Promise<unknown>): Promise<ArtifactRef> {
    return this.once(key, async () => jsonBytes(await make()));
  }

  /**
   * `once` for a JSON value: returns the stored value, or makes, checks and stores it. The artifacts that a stored
   * value refers to are verified too: if one is damaged or missing, `make` is called to make them again, and the value
   * stays as it is.
   * @throws VideocapError `CorruptArtifact` when they differ from the value's refs.
   */
  async onceJson<S extends z.ZodType>(key: string, schema: S, make: () => Promise<z.infer<S>>): Promise<z.infer<S>> {
    let made = false;
    const ref = await this.once(key, async () => {
      made = true;
      return jsonBytes(await parseInParts(schema, await make()));
    });
    const value = await this.readJson(ref, schema);
    const broken = made ? undefined : await this.firstDamaged(value);
    if (!broken) return value;
    await this.mayCommit();
    await make().catch((error: unknown) => {
      throw error instanceof VideocapError && error.code === 'ArtifactConflict' ? changed(broken, error) : error;
    });
    if (await this.firstDamaged(value)) throw changed(broken);
    return value;
  }

  /** An artifact that a value refers to, itself or through other JSON artifacts, and that is damaged or gone. */
  async firstDamaged(value: unknown): Promise<ArtifactRef | undefined> {
    return this.#firstDamaged(value, new Set());
  }

  /** @param seen what was verified already: recipes in a row refer to one start policy. */
  async #firstDamaged(value: unknown, seen: Set<string>): Promise<ArtifactRef | undefined> {
    for (const ref of refsIn(value)) {
      const name = `${ref.uri} ${ref.sha256} ${ref.bytes}`;
      if (seen.has(name)) continue;
      if (!(await this.#verifies(ref))) return ref;
      seen.add(name);
      const bytes = ref.uri.endsWith('.json') && (await this.read(ref));
      if (!bytes || !mayHaveRefs(bytes)) continue;
      const inner = await this.#firstDamaged((await this.standIns(ref)) ?? (await parseJsonBytes(bytes)), seen);
      if (inner) return inner;
    }
    return undefined;
  }

  /** What stands for the artifacts that another refers to (`standInsOf`), where all of it is stored. */
  async standIns(ref: ArtifactRef): Promise<ArtifactRef[] | undefined> {
    const found: ArtifactRef[] = [];
    for (const key of standInsOf(keyOfContent(nameIn(ref)) ?? '')) {
      const standIn = await unlessDamaged(this.find(key));
      if (!standIn) return undefined;
      found.push(standIn);
    }
    return found.length > 0 ? found : undefined;
  }

  /** Removes an artifact. Removing a missing one is a no-op. @throws VideocapError `Superseded`. */
  async remove(key: string): Promise<void> {
    const found = await this.#recorded(key);
    if (found === undefined) return;
    await this.mayCommit();
    await this.storage.remove({ kind: 'ref', key });
    if (found !== 'damaged') await this.storage.remove({ kind: 'content', key: nameIn(found.ref) });
  }

  async #recorded(key: string): Promise<Recorded | 'damaged' | undefined> {
    const stored = await this.storage.getRef(key);
    if (stored === undefined) return undefined;
    const ref = parseRef(key, stored.text);
    return ref ? { ref, storedAt: stored.storedAt } : 'damaged';
  }

  async #isStill(key: string, before: Recorded | 'damaged'): Promise<boolean> {
    const now = await this.#recorded(key);
    return typeof now === 'object' && typeof before === 'object'
      ? now.ref.sha256 === before.ref.sha256
      : now === before;
  }

  async #recover(key: string, named?: ArtifactRef): Promise<ArtifactRef | undefined> {
    const ref = await recoverRef(this.storage, key, named);
    if (!ref) return undefined;
    await this.mayCommit();
    await this.storage.putRef(key, JSON.stringify(ref), { ifAbsent: false });
    return ref;
  }

  async #put(key: string, ref: ArtifactRef, content: PutContent): Promise<ArtifactRef> {
    const found = await this.#recorded(key);
    await this.mayCommit();
    if (found === undefined) return this.#write(key, ref, content, { ifAbsent: true });
    if (found === 'damaged') return this.#write(key, ref, content, { ifAbsent: false });
    this.#requireSame(key, found.ref, ref);
    await this.#noteUse(key, found);
    // A damaged content is replaced, since its bytes are at hand.
    return (await this.#verifies(found.ref)) ? found.ref : this.#write(key, ref, content, { ifAbsent: false });
  }

  /** The content first, then the ref, which makes it an artifact. */
  async #write(key: string, ref: ArtifactRef, content: PutContent, how: { ifAbsent: boolean }): Promise<ArtifactRef> {
    await content(nameIn(ref), ref.sha256);
    await this.mayCommit();
    const text = JSON.stringify(ref);
    if ((await this.storage.putRef(key, text, how)) === text) return ref;
    const winner = (await this.find(key))!;
    this.#requireSame(key, winner, ref);
    return winner;
  }

  async #verifies(ref: ArtifactRef): Promise<boolean> {
    const found = await this.storage.digest(nameIn(ref));
    return found?.sha256 === ref.sha256 && found.bytes === ref.bytes;
  }

  /** Puts the ref of a shared artifact again. gc keeps artifacts of a run as long as the run, however old they are. */
  async #noteUse(key: string, { ref, storedAt }: Recorded): Promise<void> {
    if (key.startsWith('runs/') || Date.now() - storedAt < USE_NOTED_MILLISECONDS) return;
    // A storage that takes no writes must not keep a stage from reading.
    await this.storage.putRef(key, JSON.stringify(ref), { ifAbsent: false }).catch(() => undefined);
  }

  #requireSame(key: string, stored: ArtifactRef, offered: ArtifactRef): void {
    if (stored.sha256 === offered.sha256) return;
    throw new VideocapError(
      'ArtifactConflict',
      `Artifact ${key} is already stored with sha256 ${stored.sha256}, and was offered again with ${offered.sha256}.`,
    );
  }
}

/** Stores a content under a name with its hash. */
type PutContent = (name: string, sha256: string) => Promise<void>;

interface Recorded {
  ref: ArtifactRef;
  /** When the ref was last put. */
  storedAt: number;
}

function gone({ uri }: ArtifactRef): VideocapError {
  return new VideocapError('CorruptArtifact', `Artifact ${uri} is gone from the store; ${REMEDY}.`);
}

function damaged(ref: ArtifactRef): VideocapError {
  return new VideocapError(
    'CorruptArtifact',
    `Artifact ${ref.uri} is damaged, it does not hash to ${ref.sha256}; ${REMEDY}.`,
  );
}

function changed(ref: ArtifactRef, cause?: Error): VideocapError {
  return new VideocapError(
    'CorruptArtifact',
    `Artifact ${ref.uri} is damaged, and what is made in its place is not the same; ` +
      'restore it, fork the run from an earlier step, or start a new one.',
    { cause },
  );
}
