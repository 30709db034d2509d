import { listAll, type Storage, type StoredObject } from '../../core/storage.ts';

/** Removes objects from a storage, or only counts them. */
export class Sweep {
  readonly #storage: Storage;
  readonly #dryRun: boolean;

  constructor(storage: Storage, dryRun: boolean) {
    this.#storage = storage;
    this.#dryRun = dryRun;
  }

  /**
   * Removes the objects, in their order, if the first was put before a moment, in milliseconds since the epoch, and has
   * not been put again since it was listed.
   * @returns those that were removed: all or none.
   */
  async remove(objects: readonly StoredObject[], before: number): Promise<readonly StoredObject[]> {
    const [first] = objects;
    if (!first || first.storedAt >= before) return [];
    if (this.#dryRun) return objects;
    const now = await this.#storedAt(first);
    if (now === undefined || now >= before) return [];
    for (const object of objects) await this.#storage.remove(object);
    return objects;
  }

  async #storedAt({ kind, key }: StoredObject): Promise<number | undefined> {
    if (kind === 'ref') return (await this.#storage.getRef(key))?.storedAt;
    for await (const object of listAll(this.#storage, key))
      if (object.kind === kind && object.key === key) return object.storedAt;
    return undefined;
  }
}
