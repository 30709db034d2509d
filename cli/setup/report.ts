import { seconds } from '../../core/duration.ts';
import { printNote } from '../output/print.ts';

/** Prints each set-up step and its duration to standard error, so that scripts can parse standard output. */
export class Report {
  readonly #write: (text: string) => void;
  /** Seconds of every finished step, by title. */
  readonly taken: Record<string, number> = {};

  constructor(write: (text: string) => void = printNote) {
    this.#write = write;
  }

  /** Runs a step between its title and its time. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    this.#write(`  ${title} ... `);
    const start = performance.now();
    try {
      const result = await work();
      this.taken[title] = (performance.now() - start) / 1000;
      this.#write(`${seconds(this.taken[title])}\n`);
      return result;
    } catch (error) {
      this.#write('failed\n');
      throw error;
    }
  }

  line(text: string): void {
    this.#write(`${text}\n`);
  }
}
