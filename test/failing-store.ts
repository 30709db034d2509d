import type { ArtifactStore } from '../core/artifact-store.ts';

/** The disk fails once, as a key that ends so is stored. Gives the keys that were stored, in order. */
export function failOnce(store: ArtifactStore, ending: string): string[] {
  const stored: string[] = [];
  const put = store.put.bind(store);
  let failed = false;
  store.put = async (key, bytes) => {
    if (!failed && key.endsWith(ending)) {
      failed = true;
      throw Object.assign(new Error(`EROFS: read-only file system, ${key}`), { code: 'EROFS' });
    }
    const ref = await put(key, bytes);
    stored.push(key);
    return ref;
  };
  return stored;
}
