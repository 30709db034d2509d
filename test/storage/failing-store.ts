import { ArtifactStore } from '../../core/artifact-store.ts';
import { FileStorage } from '../../core/file-storage.ts';
import { WatchedStorage } from './watched-storage.ts';

/**
 * A store whose disk fails once, as the artifact is stored whose key ends so; with the keys that were stored, in order.
 */
export function failingStore(folder: string, ending: string): { store: ArtifactStore; stored: string[] } {
  const stored: string[] = [];
  let failed = false;
  const storage = new WatchedStorage(new FileStorage(folder), {
    before({ method, key }) {
      if (failed || method !== 'putRef' || !key.endsWith(ending)) return;
      failed = true;
      throw Object.assign(new Error(`EROFS: read-only file system, ${key}`), { code: 'EROFS' });
    },
    after({ method, key }) {
      if (method === 'putRef') stored.push(key);
    },
  });
  return { store: new ArtifactStore(storage), stored };
}
