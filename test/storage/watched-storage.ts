import type { Page, Storage, StoredObject, StoredText } from '../../core/storage.ts';

/** A call of a storage. `key` is the name of a content, the key of a ref, or a prefix. */
export interface Call {
  method: Exclude<keyof Storage, 'place'>;
  key: string;
}

export interface Watcher {
  /** Awaited before the call; what it throws, the call throws, and nothing has happened. */
  before?: (call: Call) => void | Promise<void>;
  /** Awaited after the call has succeeded; what it throws, the call throws. */
  after?: (call: Call) => void | Promise<void>;
}

/** A storage whose every call a test sees, and may let fail. */
export class WatchedStorage implements Storage {
  readonly #storage: Storage;
  readonly #watcher: Watcher;

  constructor(storage: Storage, watcher: Watcher) {
    this.#storage = storage;
    this.#watcher = watcher;
  }

  get place(): string {
    return this.#storage.place;
  }

  putContent(name: string, sha256: string, bytes: Uint8Array): Promise<void> {
    return this.#watched('putContent', name, () => this.#storage.putContent(name, sha256, bytes));
  }
  putContentFile(name: string, sha256: string, path: string): Promise<void> {
    return this.#watched('putContentFile', name, () => this.#storage.putContentFile(name, sha256, path));
  }
  scratch(): Promise<string> {
    return this.#watched('scratch', '', () => this.#storage.scratch());
  }
  getContent(name: string): Promise<Buffer | undefined> {
    return this.#watched('getContent', name, () => this.#storage.getContent(name));
  }
  digest(name: string): Promise<{ sha256: string; bytes: number } | undefined> {
    return this.#watched('digest', name, () => this.#storage.digest(name));
  }
  localCopy(name: string, sha256: string): Promise<string | undefined> {
    return this.#watched('localCopy', name, () => this.#storage.localCopy(name, sha256));
  }
  putRef(key: string, text: string, options: { ifAbsent: boolean }): Promise<string> {
    return this.#watched('putRef', key, () => this.#storage.putRef(key, text, options));
  }
  getRef(key: string): Promise<StoredText | undefined> {
    return this.#watched('getRef', key, () => this.#storage.getRef(key));
  }
  list(prefix: string, cursor?: string): Promise<Page> {
    return this.#watched('list', prefix, () => this.#storage.list(prefix, cursor));
  }
  remove(object: Pick<StoredObject, 'kind' | 'key'>): Promise<void> {
    return this.#watched('remove', object.key, () => this.#storage.remove(object));
  }

  async #watched<T>(method: Call['method'], key: string, call: () => Promise<T>): Promise<T> {
    await this.#watcher.before?.({ method, key });
    const result = await call();
    await this.#watcher.after?.({ method, key });
    return result;
  }
}
