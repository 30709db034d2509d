import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Bucket, type BucketOptions } from '../../core/s3/bucket.ts';
import { LocalCopies } from '../../core/s3/local-copies.ts';
import { S3Storage } from '../../core/s3/s3-storage.ts';
import { parseStoreUrl } from '../../core/s3/store-url.ts';
import { BUCKET } from './s3-server.ts';

/** A folder for one test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-hosts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The store at a URL, as workers open it. */
export function storageAt(url: string, copies: string, options?: BucketOptions): S3Storage {
  return new S3Storage(new Bucket(parseStoreUrl(url), options), new LocalCopies(copies));
}

/** Handles on one new, empty place in a server's bucket, each with local copies of its own, as hosts have them. */
export async function openedBucket(endpoint: string, { patienceMilliseconds = 30_000 } = {}) {
  const url = `s3://${BUCKET}/${randomUUID()}?endpoint=${endpoint}`;
  const handle = async () => storageAt(url, join(await temporaryFolder(), 'copies'), { patienceMilliseconds });
  return { url, handle };
}
