import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Storage } from '../../core/storage.ts';
import type { BucketVictim } from '../chaos/matrix/cells.ts';
import type { WorldBucket } from '../chaos/matrix/world.ts';
import { type Fault, FaultyGateway } from './faulty-gateway.ts';
import { storageAt } from './opened-bucket.ts';
import { BUCKET, KEYS, type S3Program, S3Server } from './s3-server.ts';

/** What a request meets. */
const FAULTS: Record<BucketVictim, Fault> = {
  'bucket away': 'away',
  SlowDown: 'SlowDown',
  'slow answers': 'slow',
  'lost answers': 'answer lost',
  'expired keys': 'ExpiredToken',
};
const WRITES = new Set(['PUT', 'POST', 'DELETE']);
/** So long after the keys that a worker holds would be valid again, the file still has others, which are not. */
const RENEWED_MILLISECONDS = 1000;

/**
 * A bucket of a real S3 server behind a gateway that lets requests of workers fail. Workers read keys from a file.
 * Keys that expire are refused by the gateway; the ones that a worker reads in their place are refused by the server,
 * until the file is right again.
 */
export class StruckBucket implements WorldBucket {
  readonly #folder: string;
  readonly #server: S3Server;
  #gateway!: FaultyGateway;
  #faults: { fault: Fault; awaySeconds: number; until?: number; met: Set<string> } | undefined;

  private constructor(folder: string, program: S3Program) {
    this.#folder = folder;
    this.#server = new S3Server(program, folder);
  }

  static async start(program: S3Program): Promise<StruckBucket> {
    // What opens the store in this process.
    Object.assign(process.env, KEYS);
    const bucket = new StruckBucket(await mkdtemp(join(tmpdir(), 'videocap-bucket-')), program);
    await bucket.#server.start();
    bucket.#gateway = new FaultyGateway(bucket.#server.port);
    bucket.#gateway.fault = (method, path) => bucket.#faultOf(method, path);
    await Promise.all([bucket.#gateway.start(), bucket.#writeKeys()]);
    return bucket;
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop();
    await this.#server.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  get env(): NodeJS.ProcessEnv {
    const none = Object.fromEntries(Object.keys(KEYS).map((name) => [name, undefined]));
    return { ...none, AWS_SHARED_CREDENTIALS_FILE: this.#keys };
  }

  newStore(): string {
    return `s3://${BUCKET}/${randomUUID()}?endpoint=${this.#gateway.endpoint}`;
  }

  open(url: string, home: string): Storage {
    return storageAt(url.replace(this.#gateway.endpoint, this.#server.endpoint), join(home, 'copies-of-test'));
  }

  async strike(victim: BucketVictim, awaySeconds: number): Promise<void> {
    // Another strike of the same kind makes the faults last longer.
    this.#faults = { fault: FAULTS[victim], awaySeconds, met: this.#faults?.met ?? new Set() };
    if (victim === 'expired keys') await this.#writeKeys('one that has expired');
  }

  async heal(): Promise<number> {
    this.#faults = undefined;
    await this.#writeKeys();
    return this.#gateway.struck.splice(0).length;
  }

  /** Faults begin with the first request after the strike that can meet one: answers are lost to writes alone. */
  #faultOf(method: string, path: string): Fault | undefined {
    const faults = this.#faults;
    if (!faults) return undefined;
    const { fault, met, awaySeconds } = faults;
    if (fault === 'answer lost' && !WRITES.has(method)) return undefined;
    if (faults.until === undefined) {
      const milliseconds = 1000 * awaySeconds;
      faults.until = performance.now() + milliseconds;
      if (fault === 'ExpiredToken') setTimeout(() => void this.#renew(faults), milliseconds + RENEWED_MILLISECONDS);
    }
    if (performance.now() >= faults.until) return undefined;
    if (fault !== 'answer lost') return fault;
    // Each write once: its repetition is answered.
    const request = `${method} ${path}`;
    if (met.has(request)) return undefined;
    met.add(request);
    return fault;
  }

  /** Unless they have expired again. */
  async #renew(faults: object): Promise<void> {
    if (this.#faults === faults) await this.#writeKeys();
  }

  get #keys(): string {
    return join(this.#folder, 'credentials');
  }

  async #writeKeys(secret = KEYS.AWS_SECRET_ACCESS_KEY): Promise<void> {
    const lines = Object.entries({ ...KEYS, AWS_SECRET_ACCESS_KEY: secret });
    const text = lines.map(([name, value]) => `${name.toLowerCase()} = ${value}\n`).join('');
    await writeFile(this.#keys, `[default]\n${text}`);
  }
}
