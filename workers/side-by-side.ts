/** How an attempt at an activity computes: beside others of its process, or while none of them does. */
export type Company = 'beside' | 'alone';

interface Waiting {
  company: Company;
  begin(): void;
}

/**
 * Lets the computing attempts of a process run side by side, and one that may be what ends the process alone, in the
 * order in which they come: then its death says something of itself and nothing of the others.
 */
export class SideBySide {
  #line: Waiting[] = [];
  #running = 0;
  #isAlone = false;

  /**
   * Resolves when the attempt may compute, to what it calls when it has ended. Rejects with the signal's reason.
   * @param wait called if it does not begin at once.
   */
  async enter(company: Company, signal: AbortSignal, wait: () => void = () => undefined): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = { company, begin: resolve };
      this.#line.push(waiting);
      this.#advance();
      if (!this.#line.includes(waiting)) return;
      wait();
      signal.addEventListener(
        'abort',
        () => {
          this.#line = this.#line.filter((other) => other !== waiting);
          reject(signal.reason);
          this.#advance();
        },
        { once: true },
      );
    });
    return () => {
      this.#running--;
      this.#isAlone = false;
      this.#advance();
    };
  }

  #advance(): void {
    for (let next = this.#line[0]; next && this.#mayBegin(next); next = this.#line[0]) {
      this.#line.shift();
      this.#running++;
      this.#isAlone = next.company === 'alone';
      next.begin();
    }
  }

  #mayBegin({ company }: Waiting): boolean {
    return !this.#isAlone && (company === 'beside' || this.#running === 0);
  }
}
