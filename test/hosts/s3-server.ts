import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../cli/servers/ports.ts';

/** Keys of the test servers, for the environment of what asks them. */
export const KEYS = { AWS_ACCESS_KEY_ID: 'videocap-test', AWS_SECRET_ACCESS_KEY: 'videocap-test-secret' };
export const BUCKET = 'artifacts';

/** How a server is started on a port of loopback, with its data in a folder. */
export interface S3Program {
  name: string;
  start(port: number, folder: string): { program: string; args: string[]; env?: NodeJS.ProcessEnv };
}

/** versitygw: an S3 gateway in front of a folder. `npm run test:hosts` builds it. */
export const VERSITYGW: S3Program = {
  name: 'versitygw',
  start: (port, folder) => ({
    program: process.env.VIDEOCAP_VERSITYGW!,
    args: ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', join(folder, 'meta'), join(folder, 'data')],
    env: { ROOT_ACCESS_KEY_ID: KEYS.AWS_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY: KEYS.AWS_SECRET_ACCESS_KEY },
  }),
};

/** moto: Amazon's behaviour, written again in Python. `npm run test:hosts` installs it. */
export const MOTO: S3Program = {
  name: 'moto',
  start: (port) => ({
    program: process.env.VIDEOCAP_MOTO_PYTHON!,
    args: ['test/hosts/moto-in-turn.py', '-H', '127.0.0.1', '-p', String(port)],
  }),
};

/** Those that are installed, the faster one first; `npm run test:hosts -- --short` does not build versitygw. */
export const PROGRAMS: readonly [S3Program, ...S3Program[]] = process.env.VIDEOCAP_VERSITYGW
  ? [VERSITYGW, MOTO]
  : [MOTO];

/** A real S3 server with one bucket, which can be killed and started again with its data. */
export class S3Server {
  readonly #program: S3Program;
  readonly #folder: string;
  #port = 0;
  #child: ChildProcess | undefined;

  constructor(program: S3Program, folder: string) {
    this.#program = program;
    this.#folder = folder;
  }

  get port(): number {
    return this.#port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    for (const part of ['data', 'meta']) await mkdir(join(this.#folder, part), { recursive: true });
    this.#port ||= await freePort('127.0.0.1');
    const { program, args, env } = this.#program.start(this.#port, this.#folder);
    let log = '';
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        log = (log + chunk).slice(-4000);
      });
    this.#child = child;
    const client = new S3Client({
      ...{ endpoint: this.endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 },
      credentials: { accessKeyId: KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY },
    });
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${this.#program.name} ended:\n${log}`);
      const made = await client.send(new CreateBucketCommand({ Bucket: BUCKET })).then(
        () => true,
        ({ name }: Error) => name === 'BucketAlreadyOwnedByYou' || name === 'BucketAlreadyExists',
      );
      if (made) break;
      await sleep(100);
    }
    client.destroy();
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
