/** Does pieces of work one after the other, in the order in which they were asked for, whatever becomes of each. */
export class OneAtATime {
  #last: Promise<void> | undefined;

  /** At once where nothing else is done. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last ? this.#last.then(work) : work();
    const settled: Promise<void> = mine.then(
      () => this.#ended(settled),
      () => this.#ended(settled),
    );
    this.#last = settled;
    return mine;
  }

  #ended(one: Promise<void>): void {
    if (this.#last === one) this.#last = undefined;
  }
}
