/** Waits until all tracked promises have settled. */
export class WaitGroup {
  #pending = 0;
  #waiting: (() => void)[] = [];

  async track<T>(work: Promise<T>): Promise<T> {
    this.#pending++;
    try {
      return await work;
    } finally {
      if (--this.#pending === 0) for (const resume of this.#waiting.splice(0)) resume();
    }
  }

  async wait(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
