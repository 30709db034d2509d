import { join } from 'node:path';
import { FileStorage } from './file-storage.ts';
import type { BucketOptions } from './s3/bucket.ts';
import type { S3Storage } from './s3/s3-storage.ts';
import type { Storage } from './storage.ts';

/** Where an installation's artifacts lie, from the environment: a bucket's URL, or undefined for `<home>/store`. */
export function storeUrl(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env.VIDEOCAP_STORE || undefined;
}

/**
 * The storage of an installation, for a command. Local copies of a bucket's objects are in `<home>/store-copies`.
 * @throws VideocapError `InvalidConfig` for a URL that names no bucket.
 */
export async function openStorage(home: string): Promise<Storage> {
  const url = storeUrl();
  return url === undefined ? openFolder(home) : openBucket(home, url);
}

/**
 * The same for workers, of which several may write at once.
 * @throws VideocapError `MissingTool` for a bucket that cannot tell which of two writers was the first; `Unavailable`.
 */
export async function openSharedStorage(
  home: string,
  url: string | undefined,
  options?: BucketOptions,
): Promise<Storage> {
  if (url === undefined) return openFolder(home);
  const bucket = await openBucket(home, url, options);
  await bucket.requireConditionalWrites();
  return bucket;
}

function openFolder(home: string): FileStorage {
  return new FileStorage(join(home, 'store'));
}

/** The AWS SDK takes a third of a second to load: only for those who use it. */
async function openBucket(home: string, url: string, options?: BucketOptions): Promise<S3Storage> {
  const [{ Bucket }, { LocalCopies }, { S3Storage }, { parseStoreUrl }] = await Promise.all([
    import('./s3/bucket.ts'),
    import('./s3/local-copies.ts'),
    import('./s3/s3-storage.ts'),
    import('./s3/store-url.ts'),
  ]);
  return new S3Storage(new Bucket(parseStoreUrl(url), options), new LocalCopies(join(home, 'store-copies')));
}
