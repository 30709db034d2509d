import type { Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import type { Progress } from '../../core/compute-options.ts';
import { type ErrorCode, VideocapError } from '../../core/errors.ts';
import type { Checkpoint, PinnedFile } from '../../core/policy-engine.ts';

export type Answer = { progress: Progress } | { result: unknown } | { error: { code: ErrorCode; message: string } };
/** Of files that were written beside other work (`Written` of `workers/torch/videocap_torch/engine/messages.py`). */
type Written = { folder: string } & ({ failed: string } | Checkpoint<PinnedFile>);

/** Files that are written beside other work, whether they are asked for before or after they are there. */
interface ExpectedFiles {
  promise: Promise<Checkpoint<PinnedFile>>;
  settle(written: Checkpoint<PinnedFile> | VideocapError): void;
}

/** What a group of ranks says over its connection: answers in the order of the requests, and files in any order. */
export class RankAnswers {
  readonly #lines: Interface;
  readonly #answers: Answer[] = [];
  readonly #files = new Map<string, ExpectedFiles>();
  #wake = () => {};
  #ended = false;

  constructor(socket: Socket) {
    socket.on('error', () => {}); // a group that dies breaks the connection
    socket.once('close', () => this.end());
    this.#lines = createInterface({ input: socket });
    this.#lines.on('line', (line) => this.#take(JSON.parse(line) as Answer | { written: Written }));
    this.#lines.on('error', () => {}); // the lines pass on the connection's
    this.#lines.once('close', () => this.end());
  }

  /** The next answer, or report of progress; `undefined` where the connection has ended. */
  async next(): Promise<Answer | undefined> {
    while (this.#answers.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#answers.shift();
  }

  /** The files that the ranks write to an update's folder beside other work. @throws VideocapError `Unavailable`. */
  filesIn(folder: string): Promise<Checkpoint<PinnedFile>> {
    const { promise } = this.#expected(folder);
    const forget = () => this.#files.delete(folder);
    promise.then(forget, forget);
    return promise;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lines.close();
    for (const { settle } of this.#files.values()) settle(gone());
    this.#wake();
  }

  #take(message: Answer | { written: Written }): void {
    if ('written' in message) {
      const { folder, ...written } = message.written;
      const files = 'failed' in written ? new VideocapError('Unavailable', written.failed) : written;
      this.#expected(folder).settle(files);
    } else {
      this.#answers.push(message);
      this.#wake();
    }
  }

  #expected(folder: string): ExpectedFiles {
    const known = this.#files.get(folder);
    if (known) return known;
    let settle: ExpectedFiles['settle'] = () => {};
    const promise = new Promise<Checkpoint<PinnedFile>>((resolve, reject) => {
      settle = (written) => (written instanceof VideocapError ? reject(written) : resolve(written));
    });
    promise.catch(() => {}); // the caller of `filesIn` sees the failure
    const expected = { promise, settle };
    this.#files.set(folder, expected);
    if (this.#ended) settle(gone());
    return expected;
  }
}

function gone(): VideocapError {
  return new VideocapError('Unavailable', "The torch engine's processes ended before they had written files.");
}
