import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface HostParts {
  name: string;
  address: string;
  /** Of its network. */
  namespace: string;
  /** The machine's end of its cable. */
  cable: string;
  /** Its disk. */
  folder: string;
}

/** Where a host sees its disk. */
const DISK = '/mnt';
const HEALTH_PORT = 9100;
const CHECKOUT = resolve('.');
/** What a checkout keeps of itself: translations. Each host has its own. */
const CACHE = join('node_modules', '.cache');

/**
 * A host with a name, a network, process ids and mounts of its own, on which one worker runs. It sees this checkout,
 * read-only, and shares no other folder that a worker writes to.
 */
export class Host {
  readonly name: string;
  readonly namespace: string;
  readonly #parts: HostParts;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(parts: HostParts) {
    this.name = parts.name;
    this.namespace = parts.namespace;
    this.#parts = parts;
  }

  /** The end of what its worker logged. */
  get log(): string {
    return `${this.name}:\n${this.#log}`;
  }

  /** The home of its worker, as the machine sees it. */
  get home(): string {
    return join(this.#parts.folder, 'home');
  }

  /** Starts it with a worker for some queues. Done when that is ready. */
  async boot(queues: string, env: NodeJS.ProcessEnv): Promise<void> {
    const { name, namespace, folder } = this.#parts;
    for (const part of [this.home, join(folder, 'tmp')]) await mkdir(part, { recursive: true });
    await cp(CACHE, join(folder, 'cache'), { recursive: true, force: false });
    const worker = `${process.execPath} cli/videocap.mjs worker --queues ${queues} --health 0.0.0.0:${HEALTH_PORT}`;
    const script = [
      'set -e',
      `hostname ${name}`,
      `mount --bind '${folder}' ${DISK}`,
      `mount --bind '${CHECKOUT}' '${CHECKOUT}'`,
      `mount -o remount,bind,ro '${CHECKOUT}'`,
      `mount --bind '${join(folder, 'cache')}' '${join(CHECKOUT, CACHE)}'`,
      'mount -t tmpfs tmpfs /dev/shm',
      // The folder was opened before its mount.
      `cd '${CHECKOUT}'`,
      worker,
    ].join('\n');
    const child = spawn(
      'setpriv',
      [
        // It ends with this process.
        ...['--pdeathsig', 'KILL', 'ip', 'netns', 'exec', namespace],
        ...['unshare', '--uts', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script],
      ],
      {
        env: {
          ...process.env,
          ...{ VIDEOCAP_HOME: join(DISK, 'home'), HOME: DISK, TMPDIR: join(DISK, 'tmp'), LOG_LEVEL: 'warn' },
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-6000);
      });
    this.#child = child;
    while (!(await this.isReady())) {
      if (child.exitCode !== null) throw new Error(`The worker of ${this.log} ended.`);
      await sleep(100);
    }
  }

  /** Whether its worker answers that it is ready, over the network. */
  async isReady(): Promise<boolean> {
    const signal = AbortSignal.timeout(3000);
    return fetch(`http://${this.#parts.address}:${HEALTH_PORT}/ready`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Everything on it dies at once. */
  async cutPower(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    // `unshare`, and with it the first process of the host, and with that all others.
    child.kill('SIGKILL');
    await closed;
  }

  /** Takes its link down: packets in both directions are lost, and neither side gets an error. */
  async unplug(): Promise<void> {
    await run('ip', ['link', 'set', this.#parts.cable, 'down']);
  }

  async plugIn(): Promise<void> {
    await run('ip', ['link', 'set', this.#parts.cable, 'up']);
  }
}
