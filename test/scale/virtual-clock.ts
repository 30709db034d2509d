import { setImmediate } from 'node:timers/promises';

/** A clock that jumps: to the next moment at which something that sleeps wakes up, once all else waits. */
export class VirtualClock {
  /** Seconds since the beginning. */
  now = 0;
  /** Those that sleep, by the moment at which they wake, then by the order in which they fell asleep. */
  readonly #asleep: { at: number; order: number; wake: () => void }[] = [];
  #order = 0;

  /** @param seconds not below 0. */
  sleep(seconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#asleep.push({ at: this.now + seconds, order: this.#order++, wake });
      this.#asleep.sort((a, b) => b.at - a.at || b.order - a.order);
    });
  }

  /** Lets time pass until some work is done. @throws Error where it waits for something that will not happen. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined); // thrown at the end
    for (;;) {
      await setImmediate(); // all that can go on without time goes on
      if (isDone) return done;
      const next = this.#asleep.pop();
      if (!next) throw new Error('The work waits for something that does not depend on time.');
      this.now = next.at;
      next.wake();
    }
  }
}
