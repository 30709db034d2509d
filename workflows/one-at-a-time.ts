/**
 * Does pieces of work one after the other, whatever becomes of each: of those that wait, one of the lowest rank, and
 * among these the one that was asked for first.
 */
export class OneAtATime {
  readonly #waiting: { rank: number; begin: () => void }[] = [];
  #isBusy = false;

  /** At once where nothing else is done. */
  async run<T>(work: () => Promise<T>, rank = 0): Promise<T> {
    if (this.#isBusy) await new Promise<void>((begin) => this.#waiting.push({ rank, begin }));
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#beginNext();
    }
  }

  #beginNext(): void {
    const next = this.#waiting.sort((a, b) => a.rank - b.rank).shift();
    if (next) next.begin();
    else this.#isBusy = false;
  }
}
