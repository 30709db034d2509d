import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ignoreMissing, linkDurably, PRIVATE, UNFINISHED, writeDurably } from './durable-file.ts';
import { checkedPieces, sha256OfFile } from './sha256.ts';
import { type Page, requireKey, requireSmall, type Storage, type StoredObject, type StoredText } from './storage.ts';

const REF = '.ref';
/** How often a write makes its folder again when a removal deletes the empty folder at the same moment. */
const FOLDER_TRIES = 5;
const STATS_AT_ONCE = 256;

/**
 * A storage in a folder, for one machine or a shared file system: contents are files under their own names, so that
 * people can open them, and the ref of key `a/b.json` is the file `a/b.json.ref`. Puts are flushed and moved into
 * place; the first of many refs is settled by `link`, which the file system does for one of them only. Only the user
 * who runs the workers may read them.
 */
export class FileStorage implements Storage {
  readonly place: string;

  /** @param folder is made when something is put. */
  constructor(folder: string) {
    this.place = resolve(folder);
  }

  async putContent(name: string, _sha256: string, bytes: Uint8Array): Promise<void> {
    await this.#write(this.#path('content', name), bytes, 'replace');
  }

  async putContentFile(name: string, sha256: string, source: string): Promise<void> {
    const path = this.#path('content', name);
    if (this.#isScratch(source)) await this.#inFolder(path, () => linkDurably(source, path, PRIVATE.file));
    else await this.#write(path, () => checkedPieces(source, sha256), 'replace');
  }

  /** In the storage's folder, so that files are taken over without a copy. */
  async scratch(): Promise<string> {
    const folder = join(this.place, `scratch.${randomUUID()}.tmp`);
    await mkdir(folder, { recursive: true, mode: PRIVATE.folder });
    return folder;
  }

  async getContent(name: string): Promise<Buffer | undefined> {
    return readFile(this.#path('content', name)).catch(ignoreMissing);
  }

  async digest(name: string): Promise<{ sha256: string; bytes: number } | undefined> {
    const path = this.#path('content', name);
    const found = await stat(path).catch(ignoreMissing);
    const sha256 = found && (await sha256OfFile(path).catch(ignoreMissing));
    return found && sha256 !== undefined ? { sha256, bytes: found.size } : undefined;
  }

  async localCopy(name: string): Promise<string | undefined> {
    const path = this.#path('content', name);
    return (await stat(path).catch(ignoreMissing)) && path;
  }

  async putRef(key: string, text: string, { ifAbsent }: { ifAbsent: boolean }): Promise<string> {
    requireSmall(key, text);
    const path = this.#path('ref', key);
    for (;;) {
      if (await this.#write(path, text, ifAbsent ? 'first wins' : 'replace')) return text;
      const there = await readFile(path, 'utf8').catch(ignoreMissing);
      if (there !== undefined) return there;
    }
  }

  async getRef(key: string): Promise<StoredText | undefined> {
    const path = this.#path('ref', key);
    const text = await readFile(path, 'utf8').catch(ignoreMissing);
    const found = text === undefined ? undefined : await stat(path).catch(ignoreMissing);
    return found && { text: text!, storedAt: found.mtimeMs };
  }

  /** A page is one folder. The cursor names the folders that are still to be listed. */
  async list(prefix: string, cursor?: string): Promise<Page> {
    const toList: string[] = cursor === undefined ? [prefix.slice(0, prefix.lastIndexOf('/') + 1)] : JSON.parse(cursor);
    const folder = toList.shift()!;
    const entries = (await readdir(join(this.place, folder), { withFileTypes: true }).catch(ignoreMissing)) ?? [];
    const keys: string[] = [];
    for (const entry of entries) {
      const key = `${folder}${entry.name}`;
      if (entry.isDirectory() && `${key}/`.startsWith(prefix)) toList.push(`${key}/`);
      else if (entry.isFile() && key.startsWith(prefix)) keys.push(key);
    }
    const objects: StoredObject[] = [];
    for (let i = 0; i < keys.length; i += STATS_AT_ONCE) {
      const found = await Promise.all(keys.slice(i, i + STATS_AT_ONCE).map((key) => this.#object(key)));
      for (const object of found) if (object?.key.startsWith(prefix)) objects.push(object);
    }
    return { objects, ...(toList.length > 0 && { next: JSON.stringify(toList) }) };
  }

  async remove({ kind, key }: Pick<StoredObject, 'kind' | 'key'>): Promise<void> {
    const path = this.#path(kind, key);
    await rm(path, { force: true });
    for (let folder = dirname(path); folder !== this.place; folder = dirname(folder)) {
      const gone = await rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!gone) return;
    }
  }

  async #object(path: string): Promise<StoredObject | undefined> {
    const found = await stat(join(this.place, path)).catch(ignoreMissing);
    if (!found) return undefined;
    const rest = { bytes: found.size, storedAt: found.mtimeMs };
    if (UNFINISHED.test(path)) return { kind: 'unfinished', key: path, ...rest };
    if (path.endsWith(REF)) return { kind: 'ref', key: path.slice(0, -REF.length), ...rest };
    return { kind: 'content', key: path, ...rest };
  }

  #path(kind: StoredObject['kind'], key: string): string {
    requireKey(key);
    return join(this.place, kind === 'ref' ? `${key}${REF}` : key);
  }

  #isScratch(path: string): boolean {
    const inside = relative(this.place, resolve(path));
    return inside.startsWith('scratch.') && UNFINISHED.test(inside);
  }

  #write(path: string, content: Parameters<typeof writeDurably>[1], mode: 'replace' | 'first wins'): Promise<boolean> {
    return this.#inFolder(path, () => writeDurably(path, content, mode, PRIVATE.file));
  }

  /** Makes the folder of a path where it is missing. */
  async #inFolder<T>(path: string, write: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await write();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === FOLDER_TRIES) throw error;
        await mkdir(dirname(path), { recursive: true, mode: PRIVATE.folder });
      }
    }
  }
}
