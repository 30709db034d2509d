import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, symlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Cell, isButton, isOfBucket, type Victim } from './cells.ts';
import type { Order } from './strike.ts';

const KEY = { CHAOS_JUDGE_KEY: 'any' };

/** Where a run keeps its data. */
export interface RunPlace {
  home: string;
  /** The bucket of its artifacts, as a URL; default a folder in its home. */
  store?: string | undefined;
}

/**
 * One worker process after another: a new one is started whenever one dies, and one that lives on serves the next run.
 * Its home is a link to the home of the run.
 */
export class Workers {
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #started: Promise<void> | undefined;
  #store: string | undefined;
  #heard: () => void = () => undefined;
  #strike: (victim: Victim) => Promise<void> = async () => {};
  /** Of the run, in order. */
  struck: Victim[] = [];
  /** The end of what workers logged in this run. */
  log = '';

  constructor(home: string, env: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#env = env;
  }

  /**
   * Another run begins, to be struck once by each cell, a worker last; `strike` kills a server, done when it is dead.
   * Done when a worker polls, and knows of the run.
   */
  async begin({ home, store }: RunPlace, cells: readonly Cell[], strike: (victim: Victim) => Promise<void>) {
    await this.#started;
    this.#store = store;
    await rm(this.#home, { force: true });
    await symlink(home, this.#home);
    this.#strike = strike;
    this.struck = [];
    this.log = '';
    if (!this.#child) await this.#start();
    const heard = new Promise<void>((resolve) => {
      this.#heard = resolve;
    });
    this.#order({ play: cells, ...(store !== undefined && { store }) });
    await Promise.race([heard, once(this.#child!, 'exit')]);
  }

  async #start(): Promise<void> {
    const child = spawn(process.execPath, ['core/run-typescript.mjs', 'test/chaos/matrix/chaos-worker.ts'], {
      env: { ...process.env, ...this.#env, VIDEOCAP_HOME: this.#home, VIDEOCAP_STORE: this.#store, ...KEY },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    // A dying worker reads no more orders.
    child.stdin!.on('error', () => undefined);
    child.stderr!.on('data', (chunk) => {
      this.log = (this.log + chunk).slice(-6000);
    });
    child.once('exit', () => {
      if (this.#child === child) this.#started = this.#start();
    });
    const lines = createInterface({ input: child.stdout! });
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        if (!line.startsWith('{')) return; // the SDK's own words
        const said = JSON.parse(line) as { ready?: true; playing?: true; struck?: Victim };
        if (said.ready) resolve();
        if (said.playing) this.#heard();
        if (!said.struck) return;
        this.struck.push(said.struck);
        const { struck } = said;
        if (['temporal', 'mlflow', 'judge', 'vllm'].includes(struck) || isButton(struck) || isOfBucket(struck))
          void this.#strike(struck).then(() => this.#order({ goOn: true }));
      });
    });
    await Promise.race([ready, once(child, 'exit')]);
  }

  #order(order: Order): void {
    this.#child!.stdin!.write(`${JSON.stringify(order)}\n`);
  }

  /** Done when another worker polls. */
  async kill(): Promise<void> {
    const dead = once(this.#child!, 'exit');
    this.#child!.kill('SIGKILL');
    await dead;
    await this.#started;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
