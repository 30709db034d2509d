import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { ownPort } from '../integration/own-port.ts';
import type { TemporalServer } from './two-hosts.ts';

const run = promisify(execFile);

/** Where Debian's packages have their programs, one folder a version. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root. */
const USER = 'postgres';
const DATABASES = { temporal: 'temporal', temporal_visibility: 'visibility' };
const SERVICES = ['frontend', 'matching', 'history', 'worker'] as const;

/** The programs of a Temporal server: the server, and what makes its tables. */
export interface TemporalPrograms {
  server: string;
  schemaTool: string;
}

/** What differs between servers. */
export interface ServerSettings {
  /** Over which the histories are spread; a server keeps its number for ever. */
  shards: number;
  /** Of `docker/temporal-settings.yaml` and the server's own, by name. */
  dynamic: Readonly<Record<string, number | boolean>>;
  /** To each of the two databases, at most. */
  connections: number;
  /** Whether PostgreSQL writes a commit to the disk before it answers. */
  fsync: boolean;
}

/** One partition a queue, and no `fsync`: the machine is not cut off power, only its hosts are. */
const FOR_TESTS: ServerSettings = {
  shards: 4,
  dynamic: { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 },
  connections: 20,
  fsync: false,
};

/** Temporal's own server, all services in one process, with its data in a PostgreSQL of its own, both on loopback. */
export class TemporalOnPostgres implements TemporalServer {
  readonly #programs: TemporalPrograms;
  readonly #settings: ServerSettings;
  readonly #children: ChildProcess[] = [];
  #folder = '';
  #port = 0;
  #log = '';

  constructor(programs: TemporalPrograms, settings: ServerSettings = FOR_TESTS) {
    this.#programs = programs;
    this.#settings = settings;
  }

  /** What is missing on this machine, as a sentence. */
  static missing(): string | undefined {
    return postgresFolder() ? undefined : 'Temporal on PostgreSQL needs it: apt-get install postgresql.';
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Process ids of the database, which has children, and of the server. */
  get processes(): { postgres: number; temporal: number } {
    const [postgres, temporal] = this.#children;
    return { postgres: postgres!.pid!, temporal: temporal!.pid! };
  }

  async start(): Promise<void> {
    const database = await this.#startPostgres();
    await this.#makeTables(database);
    this.#port = await ownPort();
    const config = await this.#writeConfig(database);
    this.#spawn(this.#programs.server, ['--config-file', config, '--allow-no-auth', 'start']);
    await this.#until(async () => {
      const connection = await Connection.connect({ address: this.address, connectTimeout: '1s' });
      await connection.workflowService
        .registerNamespace({ namespace: 'default', workflowExecutionRetentionPeriod: { seconds: 86_400 as never } })
        .catch((error: Error) => {
          if (!/already exists/.test(error.message)) throw error;
        });
      // Each of its processes learns of a namespace after a while.
      await connection.workflowService.listWorkflowExecutions({ namespace: 'default', pageSize: 1 });
      await connection.close();
    });
  }

  async kill(): Promise<void> {
    for (const child of this.#children.splice(0).reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      // PostgreSQL ends its own processes at SIGQUIT.
      child.kill('SIGQUIT');
      await Promise.race([ended, sleep(5000).then(() => child.kill('SIGKILL'))]);
    }
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** @returns its port. */
  async #startPostgres(): Promise<number> {
    const bin = postgresFolder()!;
    this.#folder = await mkdtemp(join(tmpdir(), 'videocap-postgres-'));
    const data = join(this.#folder, 'data');
    await mkdir(data);
    // Another user works in it.
    await chmod(this.#folder, 0o755);
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, USER])).stdout)),
    );
    await chown(data, uid!, gid!);
    const asUser = ['--reuid', USER, '--regid', USER, '--clear-groups', '--pdeathsig', 'QUIT'];
    await run('setpriv', [...asUser, join(bin, 'initdb'), '--pgdata', data, '--auth', 'trust', '--username', USER]);
    const port = await ownPort();
    const fsync = this.#settings.fsync ? 'on' : 'off';
    const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', fsync };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#spawn('setpriv', [...asUser, join(bin, 'postgres'), '-D', data, ...flags]);
    const isReady = () => run(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-U', USER]);
    await this.#until(isReady);
    return port;
  }

  async #makeTables(port: number): Promise<void> {
    for (const [database, schema] of Object.entries(DATABASES)) {
      const tool = (...args: string[]) =>
        run(this.#programs.schemaTool, [
          ...['--plugin', 'postgres12', '--endpoint', '127.0.0.1', '--port', String(port), '--user', USER],
          ...['--password', 'none', '--database', database, ...args],
        ]);
      await tool('create-database');
      await tool('setup-schema', '--version', '0.0');
      await tool('update-schema', '--schema-name', `postgresql/v12/${schema}`);
    }
  }

  /** JSON is YAML. */
  async #writeConfig(database: number): Promise<string> {
    const { shards, dynamic, connections } = this.#settings;
    const settings = join(this.#folder, 'settings.yaml');
    const one = (value: unknown) => [{ value, constraints: {} }];
    await writeFile(
      settings,
      JSON.stringify({
        ...parse(await readFile('docker/temporal-settings.yaml', 'utf8')),
        ...Object.fromEntries(Object.entries(dynamic).map(([name, value]) => [name, one(value)])),
      }),
    );
    const sql = (databaseName: string) => ({
      sql: {
        ...{ pluginName: 'postgres12', databaseName, user: USER, password: 'none' },
        ...{
          connectAddr: `127.0.0.1:${database}`,
          connectProtocol: 'tcp',
          maxConns: connections,
          maxIdleConns: connections,
        },
      },
    });
    const [store, visibility] = Object.keys(DATABASES) as [string, string];
    const services = await Promise.all(
      SERVICES.map(async (name) => {
        const grpcPort = name === 'frontend' ? this.#port : await ownPort();
        return [name, { rpc: { grpcPort, membershipPort: await ownPort(), bindOnLocalHost: true } }] as const;
      }),
    );
    const path = join(this.#folder, 'temporal.yaml');
    await writeFile(
      path,
      JSON.stringify({
        log: { stdout: true, level: 'warn' },
        persistence: {
          ...{ defaultStore: 'default', visibilityStore: 'visibility', numHistoryShards: shards },
          datastores: { default: sql(store), visibility: sql(visibility) },
        },
        global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
        services: Object.fromEntries(services),
        clusterMetadata: {
          ...{ enableGlobalNamespace: false, failoverVersionIncrement: 10 },
          ...{ masterClusterName: 'active', currentClusterName: 'active' },
          clusterInformation: {
            active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: this.address },
          },
        },
        dynamicConfigClient: { filepath: settings, pollInterval: '10s' },
      }),
    );
    return path;
  }

  #spawn(program: string, args: readonly string[]): void {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-4000);
      });
    this.#children.push(child);
  }

  async #until(answers: () => Promise<unknown>): Promise<void> {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const error = await answers().then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (!error) return;
      const isOver = this.#children.some((child) => child.exitCode !== null);
      if (isOver || Date.now() > deadline) throw new Error(`${error.message}\n${this.#log}`, { cause: error });
      await sleep(200);
    }
  }
}

/** The programs of the newest version. */
function postgresFolder(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  const [newest] = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(DEBIAN, newest, 'bin');
}
