import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing, PRIVATE, UNFINISHED } from '../durable-file.ts';
import { sha256OfFile } from '../sha256.ts';

/** Copies that nothing has asked for lately go first, once all together are larger. */
const MOST_BYTES = 20e9;
/** A program may still be about to open one that was asked for so recently. */
const IN_USE_MILLISECONDS = 10 * 60_000;
/** No process writes to an unfinished file or folder that is older. */
const DEAD_MILLISECONDS = 24 * 3_600_000;

/** Files of a bucket on this machine, each named by its hash, in a folder that may be deleted when no worker runs. */
export class LocalCopies {
  readonly #folder: string;
  /** What was hashed, as it was then: a copy that has not changed since is not hashed again. */
  readonly #verified = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path of a copy that is whole. */
  async find(sha256: string): Promise<string | undefined> {
    const path = this.#path(sha256);
    const found = await stat(path, { bigint: true }).catch(ignoreMissing);
    if (!found) return undefined;
    const seen = `${found.ino} ${found.size} ${found.ctimeNs}`;
    if (this.#verified.get(sha256) !== seen && (await sha256OfFile(path).catch(ignoreMissing)) !== sha256) {
      await rm(path, { force: true });
      return undefined;
    }
    return this.#used(sha256);
  }

  /**
   * A new copy.
   * @param write to a path. @returns whether the file has the hash; without it, no copy is made.
   */
  async make(sha256: string, write: (path: string) => Promise<boolean>): Promise<string | undefined> {
    await mkdir(this.#folder, { recursive: true, mode: PRIVATE.folder });
    await this.#makeRoom();
    const unfinished = `${this.#path(sha256)}.${randomUUID()}.tmp`;
    try {
      if (!(await write(unfinished))) return undefined;
      await rename(unfinished, this.#path(sha256));
      return this.#used(sha256);
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  /** A file in a scratch folder that was stored is a copy too: a checkpoint is read by the next step. */
  async keep(sha256: string, path: string): Promise<void> {
    await this.make(sha256, async (copy) => link(path, copy).then(() => true));
  }

  async scratch(): Promise<string> {
    const folder = join(this.#folder, `scratch.${randomUUID()}.tmp`);
    await mkdir(folder, { recursive: true, mode: PRIVATE.folder });
    return folder;
  }

  isScratch(path: string): boolean {
    return path.startsWith(join(this.#folder, 'scratch.'));
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256);
  }

  /** Notes the use in the file's times, which all processes of the machine see. */
  async #used(sha256: string): Promise<string | undefined> {
    const path = this.#path(sha256);
    const now = new Date();
    await utimes(path, now, now).catch(ignoreMissing);
    const found = await stat(path, { bigint: true }).catch(ignoreMissing);
    if (!found) return undefined;
    this.#verified.set(sha256, `${found.ino} ${found.size} ${found.ctimeNs}`);
    return path;
  }

  async #makeRoom(): Promise<void> {
    const now = Date.now();
    const copies: { name: string; bytes: number; usedAt: number }[] = [];
    for (const name of await readdir(this.#folder)) {
      const found = await stat(join(this.#folder, name)).catch(ignoreMissing);
      if (!found) continue;
      if (!UNFINISHED.test(name)) copies.push({ name, bytes: found.size, usedAt: found.mtimeMs });
      else if (found.mtimeMs < now - DEAD_MILLISECONDS)
        await rm(join(this.#folder, name), { recursive: true, force: true });
    }
    let bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
    for (const copy of copies.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= MOST_BYTES || copy.usedAt > now - IN_USE_MILLISECONDS) return;
      await rm(join(this.#folder, copy.name), { force: true });
      bytes -= copy.bytes;
    }
  }
}
