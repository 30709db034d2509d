import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { bucketError, faultOf, foundNothing, isMissing, isThere, withoutRequest } from './bucket-faults.ts';
import { s3Client } from './s3-client.ts';
import { type BucketPlace, storeName } from './store-url.ts';

/** How long one request is repeated before its activity fails, and is tried again by Temporal. */
const PATIENCE_MILLISECONDS = 60_000;
const PAUSE_MILLISECONDS = { first: 250, longest: 5000 };
/** Of an upload in parts: a hundred parts of this size fit an 8 GB file, ten thousand the largest that S3 takes. */
const PART_BYTES = 64 * 1024 * 1024;
const PARTS_AT_ONCE = 3;
const HASH = 'sha256';

export interface BucketOptions {
  patienceMilliseconds?: number;
  /** Of the SDK, at one request, within that time. */
  attempts?: number;
}

/**
 * The requests that a store makes of an S3 bucket. Each is repeated while the server is away, slow or overloaded, and
 * with credentials that are read again where the server refuses them.
 * @throws VideocapError `Unavailable` where that takes too long.
 */
export class Bucket {
  readonly name: string;
  readonly #place: BucketPlace;
  readonly #patience: number;
  readonly #attempts: number | undefined;
  #client: S3Client | undefined;

  constructor(place: BucketPlace, { patienceMilliseconds = PATIENCE_MILLISECONDS, attempts }: BucketOptions = {}) {
    this.name = storeName(place);
    this.#place = place;
    this.#patience = patienceMilliseconds;
    this.#attempts = attempts;
  }

  /** @returns false where an object is there that may not be replaced. */
  async put(key: string, bytes: Uint8Array, sha256: string, { ifAbsent }: { ifAbsent: boolean }): Promise<boolean> {
    const command = new PutObjectCommand({
      ...this.#at(key),
      ...{ Body: bytes, ContentLength: bytes.byteLength, Metadata: { [HASH]: sha256 } },
      ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
      ...(ifAbsent && { IfNoneMatch: '*' }),
    });
    return this.#asked(async (client) => {
      try {
        await client.send(command);
        return true;
      } catch (error) {
        if (ifAbsent && isThere(error)) return false;
        throw error;
      }
    });
  }

  /** In parts, a few of them in memory. Where `pieces` throws, nothing is stored. */
  async upload(key: string, pieces: () => Readable, sha256: string): Promise<void> {
    await this.#asked(async (client) => {
      await new Upload({
        client,
        params: { ...this.#at(key), Body: pieces(), Metadata: { [HASH]: sha256 }, ChecksumAlgorithm: 'SHA256' },
        ...{ partSize: PART_BYTES, queueSize: PARTS_AT_ONCE },
      }).done();
    });
  }

  /** @param read may be called again, where a body ends too early. */
  async get<T>(key: string, read: (body: Readable, lastModified: Date) => Promise<T>): Promise<T | undefined> {
    return this.#unlessMissing(async (client) => {
      const { Body, LastModified } = await client.send(new GetObjectCommand(this.#at(key)));
      return read(Body as Readable, LastModified!);
    });
  }

  /**
   * Size, and the SHA-256 that the writer put with the object: the server compared each part with a checksum as it took
   * it. Its own SHA-256 of an object in parts is one of checksums, which not every server says. Without any, the object
   * came from another program.
   */
  async head(key: string): Promise<{ bytes: number; sha256: string | undefined } | undefined> {
    return this.#unlessMissing(async (client) => {
      const { ContentLength, Metadata } = await client.send(new HeadObjectCommand(this.#at(key))).catch((error) => {
        if (foundNothing(error)) return this.#confirmed(client, key);
        throw error;
      });
      return { bytes: ContentLength!, sha256: Metadata?.[HASH] };
    });
  }

  /** Asks by GET, whose answer says what is missing; the object may be there by now. */
  async #confirmed(client: S3Client, key: string): Promise<Pick<GetObjectCommandOutput, 'ContentLength' | 'Metadata'>> {
    const { Body, ...about } = await client.send(new GetObjectCommand(this.#at(key)));
    (Body as Readable).destroy();
    return about;
  }

  async list(prefix: string, cursor?: string): Promise<{ objects: Listed[]; next?: string }> {
    const { Contents, NextContinuationToken }: ListObjectsV2CommandOutput = await this.#asked((client) =>
      client.send(
        new ListObjectsV2Command({
          ...{ Bucket: this.#place.bucket, Prefix: `${this.#place.prefix}${prefix}` },
          ...(cursor !== undefined && { ContinuationToken: cursor }),
        }),
      ),
    );
    const objects = (Contents ?? []).map(({ Key, Size, LastModified }) => ({
      ...{ key: this.#keyOf(Key!), bytes: Size!, lastModified: LastModified! },
    }));
    return { objects, ...(NextContinuationToken !== undefined && { next: NextContinuationToken }) };
  }

  /** Uploads in parts that were begun and not ended; at most the first thousand: more than any crash leaves. */
  async uploads(): Promise<{ key: string; id: string; begun: Date }[]> {
    const { bucket, prefix } = this.#place;
    const { Uploads } = await this.#asked((client) =>
      client.send(new ListMultipartUploadsCommand({ Bucket: bucket, ...(prefix !== '' && { Prefix: prefix }) })),
    );
    return (Uploads ?? []).map(({ Key, UploadId, Initiated }) => ({
      ...{ key: this.#keyOf(Key!), id: UploadId!, begun: Initiated! },
    }));
  }

  async abortUpload(key: string, id: string): Promise<void> {
    const command = new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: id });
    await this.#unlessMissing((client) => client.send(command));
  }

  async delete(key: string): Promise<void> {
    await this.#unlessMissing((client) => client.send(new DeleteObjectCommand(this.#at(key))));
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#place.bucket, Key: `${this.#place.prefix}${key}` };
  }

  #keyOf(key: string): string {
    return key.slice(this.#place.prefix.length);
  }

  async #unlessMissing<T>(request: (client: S3Client) => Promise<T>): Promise<T | undefined> {
    return this.#asked((client) =>
      request(client).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      }),
    );
  }

  async #asked<T>(request: (client: S3Client) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#patience;
    for (let pause = PAUSE_MILLISECONDS.first; ; pause = Math.min(2 * pause, PAUSE_MILLISECONDS.longest)) {
      this.#client ??= s3Client(this.#place, this.#attempts);
      const client = this.#client;
      try {
        return await request(client);
      } catch (error) {
        const fault = faultOf(error);
        if (!fault) throw withoutRequest(this.name, error);
        // The next client reads the credentials again.
        if (fault.kind === 'refused' && this.#client === client) this.#client = undefined;
        if (performance.now() + pause >= deadline) throw bucketError(this.name, fault);
        await sleep(pause);
      }
    }
  }
}

export interface Listed {
  key: string;
  bytes: number;
  lastModified: Date;
}
