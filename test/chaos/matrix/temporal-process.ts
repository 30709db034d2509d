import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { choosePort } from '../../../cli/servers/ports.ts';
import { FAST } from '../../integration/temporal-server.ts';

/**
 * A real Temporal server with its data in a file: it can be killed and comes back at the same address with all it knew.
 */
export class TemporalProcess {
  readonly #file: string;
  readonly #args: readonly string[];
  #port = 0;
  #child: ChildProcess | undefined;

  /** @param args more of the server's. */
  constructor(file: string, args: readonly string[] = []) {
    this.#file = file;
    this.#args = args;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#port ||= await choosePort('temporal', {});
    this.#child = spawn(
      resolve('.venv/bin/temporal'),
      [
        ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(this.#port)],
        ...['--db-filename', this.#file, '--log-level', 'never', ...FAST, ...this.#args],
      ],
      { stdio: 'ignore' },
    );
    const deadline = Date.now() + 60_000;
    for (;;) {
      const connection = await Connection.connect({ address: this.address, connectTimeout: '1s' }).catch(
        () => undefined,
      );
      if (connection) return connection.close();
      if (Date.now() > deadline) throw new Error(`Temporal did not start at ${this.address}.`);
      await sleep(100);
    }
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
