import { VideocapError } from '../core/errors.ts';
import type { DatasetManifest } from '../core/sample.ts';
import { type Place, placeText } from './jsonl.ts';

/** Bad samples above the limit after which reading stops: the config names a file that is no data set. */
const ENOUGH = 1000;
/** The most reasons that a message lists. */
const LISTED = 3;

/** Samples that cannot be used, each with its place and reason, in the order of the files, up to a limit. */
export class Quarantine {
  readonly #limit: number;
  readonly #bad: { file: string; place: Place; id: string; reason: string }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws VideocapError `InvalidDataset` when far more were set aside than allowed. */
  add(file: string, { line, unit }: Place, id: string, reason: string): void {
    this.#bad.push({ file, place: { line, ...(unit && { unit }) }, id, reason });
    if (this.#bad.length > this.#limit + ENOUGH) throw this.#tooMany('at least ');
  }

  list(): DatasetManifest['quarantined'] {
    return this.#sorted().map(({ file, place, id, reason }) => ({
      id,
      reason: `${file} ${placeText(place)}: ${reason}`,
    }));
  }

  /** @throws VideocapError `InvalidDataset` when more were set aside than allowed, with the first reasons. */
  check(): void {
    if (this.#bad.length > this.#limit) throw this.#tooMany('');
  }

  #tooMany(about: string): VideocapError {
    const listed = this.#sorted()
      .slice(0, LISTED)
      .map(({ file, place, reason }) => `${file} ${placeText(place)}: ${reason.replace(/\.$/, '')}`);
    const more = this.#bad.length - listed.length;
    const message =
      `${about}${this.#bad.length} sample${this.#bad.length === 1 ? '' : 's'} cannot be used, more than ` +
      `dataset.maxBadSamples (${this.#limit}): ${[...listed, ...(more > 0 ? [`${more} more`] : [])].join('; ')}. ` +
      'Fix or remove them, or raise dataset.maxBadSamples.';
    return new VideocapError('InvalidDataset', message[0]!.toUpperCase() + message.slice(1));
  }

  #sorted() {
    return this.#bad.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.place.line - b.place.line));
  }
}
