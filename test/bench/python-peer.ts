import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { benchEnvironment } from './bench-environment.ts';
import type { MissingSide, Side } from './row.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const TORCH = fileURLToPath(new URL('../../workers/torch', import.meta.url));
/** Lines of a peer's errors that are kept, for the reason of its end. */
const LINES = 100;
/** The line of a Python traceback that names the error. */
const ERROR = /^[\w.]*(?:Error|Exception): /;

/**
 * A program of `peers/` that does a peer's work whenever it is asked: it answers every line on its standard input by
 * one line of JSON.
 */
export class PythonPeer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: string[] = [];

  /** Resolves once the peer is ready to work. @throws Error with the end of what it wrote. */
  static async start(module: string, options: object, where: PythonPlace = {}): Promise<PythonPeer> {
    const environment = where.environment ?? (await benchEnvironment());
    const peer = new PythonPeer(environment, module, options, where.env ?? {});
    await peer.#answer();
    return peer;
  }

  /** The side of a row, or why the peer cannot be one. */
  static async side(name: string, start: () => Promise<PythonPeer>, opened: PythonPeer[]): Promise<Side | MissingSide> {
    try {
      const peer = await start();
      opened.push(peer);
      return { name, run: async () => Number((await peer.ask({})).value) };
    } catch (error) {
      return { name, missing: (error as Error).message };
    }
  }

  private constructor(environment: PythonEnvironment, module: string, options: object, env: NodeJS.ProcessEnv) {
    this.#child = spawn(environment.bin('python'), ['-m', `peers.${module}`, JSON.stringify(options)], {
      cwd: FOLDER,
      env: {
        ...{ ...process.env, PYTHONPATH: TORCH, CUDA_VISIBLE_DEVICES: '', HF_HUB_OFFLINE: '1' },
        ...{ TOKENIZERS_PARALLELISM: 'false', PYTHONWARNINGS: 'ignore', ...env },
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const lines: Interface = createInterface({ input: this.#child.stdout! });
    this.#lines = lines[Symbol.asyncIterator]();
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      this.#errors.push(line);
      if (this.#errors.length > LINES) this.#errors.shift();
    });
  }

  /** Lets it work once. */
  async ask(what: object): Promise<Record<string, unknown>> {
    this.#child.stdin!.write(`${JSON.stringify(what)}\n`);
    return this.#answer();
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #answer(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value) as Record<string, unknown>;
    const written = this.#errors.filter((line) => line.trim() !== '');
    throw new Error(written.findLast((line) => ERROR.test(line)) ?? written.at(-1) ?? 'it ended without a word');
  }
}

export interface PythonPlace {
  /** Default: `.venv-bench`. */
  environment?: PythonEnvironment;
  env?: NodeJS.ProcessEnv;
}
