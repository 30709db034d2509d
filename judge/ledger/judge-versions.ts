import pLimit from 'p-limit';
import { z } from 'zod';
import { sha256 } from '../../core/artifact-store.ts';
import { Identity, identityText } from '../../core/identity.ts';
import type { Storage } from '../../core/storage.ts';
import { VERSIONS } from '../../core/store-layout.ts';
import type { Clock } from '../client/clock.ts';
import type { LedgerEntry } from './ledger-entry.ts';

/** A version that answered and was not the one that was known to answer now. */
const Sighting = z.strictObject({ by: Identity });
export type Sighting = z.infer<typeof Sighting>;

/** A server that names itself anew with every answer is not followed further. */
const MOST_SIGHTINGS = 64;

/** What the sightings of a judge come to. */
export interface Generations {
  /** The generation that each version belongs to, by its text; a generation is called by its first version. */
  of: ReadonlyMap<string, string>;
  /** That of the last sighting. */
  current: string | undefined;
  /** What the current one adds to the key of a question; the first generation adds nothing. */
  keyPart: string | undefined;
}

/**
 * Versions of a judge that answer in turns, as servers behind one address do, are one generation; a version that has
 * taken the place of another begins the next. An earlier version that is seen again, after a later one, tells the two
 * cases apart: it and all that came since are one generation.
 */
export function generationsOf(sightings: readonly Sighting[]): Generations {
  const of = new Map<string, string>();
  let current: string | undefined;
  for (const { by } of sightings) {
    const text = identityText(by);
    const again = of.get(text);
    if (again !== undefined) {
      const versions = [...of.keys()];
      for (const later of versions.slice(versions.indexOf(again))) of.set(later, again);
    } else of.set(text, text);
    current = again ?? text;
  }
  const [first] = of.values();
  return { of, current, keyPart: current === first ? undefined : current };
}

/** What names a judge, whichever version of it answers and whatever it is asked: the hash of its settings. */
export function judgeHash({ prompt: _, promptSha256: __, ...settings }: LedgerEntry['asked']): string {
  return sha256(JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/**
 * What a store knows of the versions of one judge: refs that are put once, numbered in the order of the sightings.
 * Few, since only news are noted.
 */
export class JudgeVersions {
  readonly #storage: Storage;
  readonly #hash: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #one = pLimit(1);
  /** Refs that were read; a damaged one is no sighting. */
  #read = 0;
  #sightings: Sighting[] = [];
  #known = generationsOf([]);
  /** When this process last learnt of a sighting: milliseconds since the epoch. */
  #learntAt = 0;

  constructor(storage: Storage, hash: string, clock: Pick<Clock, 'now'>) {
    this.#storage = storage;
    this.#hash = hash;
    this.#clock = clock;
  }

  /** What questions that are asked from now on have in their keys, besides the judge's settings. */
  async keyPart(): Promise<string | undefined> {
    await this.#one(() => this.#load());
    return this.#known.keyPart;
  }

  /** Notes who has answered a request, if it is news. @param sentAt milliseconds since the epoch. */
  async note(by: Identity, sentAt: number): Promise<void> {
    if (!this.#isNews(by, sentAt)) return;
    await this.#one(async () => {
      await this.#load();
      while (this.#isNews(by, sentAt)) {
        const text = JSON.stringify({ by } satisfies Sighting);
        await this.#storage.putRef(this.#key(this.#read + 1), text, { ifAbsent: true });
        await this.#load();
      }
    });
  }

  /** An earlier version is back only where it was asked after the later one was seen: answers overtake each other. */
  #isNews(by: Identity, sentAt: number): boolean {
    if (this.#read >= MOST_SIGHTINGS) return false;
    const generation = this.#known.of.get(identityText(by));
    return generation === undefined || (generation !== this.#known.current && sentAt > this.#learntAt);
  }

  /** Looks for sightings of other processes. */
  async #load(): Promise<void> {
    for (;;) {
      const stored = await this.#storage.getRef(this.#key(this.#read + 1));
      if (!stored) return;
      this.#read++;
      this.#sightings = [...this.#sightings, ...sightingIn(stored.text)];
      this.#known = generationsOf(this.#sightings);
      this.#learntAt = this.#clock.now();
    }
  }

  #key(number: number): string {
    return `${VERSIONS}${this.#hash}.${number}`;
  }
}

/** None in a text that is damaged. */
function sightingIn(text: string): Sighting[] {
  try {
    return [Sighting.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}
