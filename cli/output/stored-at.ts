import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { storeUrl } from '../../core/open-storage.ts';
import { parseStoreUrl } from '../../core/s3/store-url.ts';

/**
 * Where a person finds an artifact: a file of the installation's store, or an object of its bucket.
 * @param home of the installation.
 */
export function storedAt(home: string, { uri }: Pick<ArtifactRef, 'uri'>, url = storeUrl()): string {
  const name = uri.slice('store:'.length);
  if (url === undefined) return `${home}/store/${name}`;
  const { bucket, prefix } = parseStoreUrl(url);
  return `s3://${bucket}/${prefix}${name}`;
}
