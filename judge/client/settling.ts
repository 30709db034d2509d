/** Tells when nothing is under way any more. */
export class Settling {
  #underWay = 0;
  #waiting: (() => void)[] = [];

  async during<T>(work: Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      return await work;
    } finally {
      if (--this.#underWay === 0) for (const go of this.#waiting.splice(0)) go();
    }
  }

  async settled(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
