import { startWorker, type WorkerPlace, type WorkerProcess } from '../chaos/worker-process.ts';

/** More deaths than this are no accident of a busy machine. */
const MOST_ACCIDENTS = 3;

/**
 * A side's worker, kept alive as a supervisor would: a worker that ends by itself is started again, and reported. (On a
 * busy machine a computation may count as stuck.) Restarts change no number, which is what the check proves.
 */
export class KeptWorker {
  /** Rejects when it has ended by itself too often. */
  readonly lost: Promise<never>;
  /** How often it has died, by whatever means. */
  deaths = 0;
  readonly #place: WorkerPlace;
  readonly #say: (what: string) => void;
  #lose: (error: Error) => void = () => {};
  #starting: Promise<void> | undefined;
  #process: WorkerProcess | undefined;
  #accidents = 0;
  #log = '';

  constructor(place: WorkerPlace, say: (what: string) => void) {
    this.#place = place;
    this.#say = say;
    this.lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.lost.catch(() => undefined);
  }

  /** Returns once it polls. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const started = await startWorker(this.#place);
    this.#process = started;
    void started.ended.then((how) => {
      if (this.#process === started) this.#startAgain(how);
    });
  }

  #startAgain(how: string): void {
    this.#forget();
    if (++this.#accidents > MOST_ACCIDENTS) {
      this.#lose(new Error(`its worker ended by itself (${how}).`));
      return;
    }
    this.#say(`the worker ended by itself (${how}) and is started again`);
    this.start().catch(this.#lose);
  }

  /** SIGKILL. Nothing is started again. */
  async kill(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    const dying = this.#forget();
    await dying?.kill();
  }

  #forget(): WorkerProcess | undefined {
    const dying = this.#process;
    this.#process = undefined;
    if (dying) this.deaths++;
    this.#log += dying?.log() ?? '';
    return dying;
  }

  get log(): string {
    return this.#log + (this.#process?.log() ?? '');
  }
}
