import { z } from 'zod';
import { distinctIdentities, type Identity, MOST_VERSIONS, sameIdentity } from '../../core/identity.ts';
import type { Storage } from '../../core/storage.ts';
import { PINS } from '../../core/store-layout.ts';
import type { Clock } from '../client/clock.ts';
import type { PaidRequest } from '../client/llm-client.ts';
import { JudgeVersions, judgeHash } from './judge-versions.ts';
import { type LedgerEntry, runOf } from './ledger-entry.ts';
import { valueIn } from './shared-state.ts';

/** Which version of its judge a place in a run looks for answers of, and which versions have answered it. */
export class PinnedJudge {
  readonly #storage: Storage;
  readonly #place: string;
  /** Of this process, by hash of the judge's settings. */
  readonly #versions: Map<string, JudgeVersions>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #pinned = new Map<string, Promise<string | undefined>>();
  #answeredBy: Identity[] = [];

  constructor(storage: Storage, place: string, versions: Map<string, JudgeVersions>, clock: Pick<Clock, 'now'>) {
    this.#storage = storage;
    this.#place = place;
    this.#versions = versions;
    this.#clock = clock;
  }

  /** The first versions that have given answers so far, each once, and at most `MOST_VERSIONS`. */
  get answeredBy(): Identity[] {
    return this.#answeredBy;
  }

  /** The version whose answers this place looks for, as their keys name it. @param asked without it. */
  version(asked: LedgerEntry['asked']): Promise<string | undefined> {
    const hash = judgeHash(asked);
    return valueIn(this.#pinned, hash, () =>
      pinnedVersion(this.#storage, this.#place, hash, this.#of(hash)).catch((error: unknown) => {
        this.#pinned.delete(hash); // the next question tries again
        throw error;
      }),
    );
  }

  /** An answer is used, whenever and by whichever run it was paid for. */
  uses({ attempts }: LedgerEntry): void {
    const by = attempts.at(-1)?.by;
    if (!by || this.#answeredBy.length >= MOST_VERSIONS) return;
    if (this.#answeredBy.some((known) => sameIdentity(known, by))) return;
    this.#answeredBy = distinctIdentities([...this.#answeredBy, by]);
  }

  /**
   * An answer has come: other runs must know which version answers now. Where the storage takes no writes, the next
   * answer tells them. @param cameAt milliseconds since the epoch.
   */
  async hasAnswered(
    { judgeVersion: _, ...asked }: LedgerEntry['asked'],
    attempts: readonly PaidRequest[],
    cameAt: number,
  ): Promise<void> {
    const last = attempts.at(-1);
    if (!last?.by) return;
    const versions = this.#of(judgeHash(asked));
    await versions.note(last.by, cameAt - 1000 * last.seconds).catch(() => undefined);
  }

  #of(hash: string): JudgeVersions {
    return valueIn(this.#versions, hash, () => new JudgeVersions(this.#storage, hash, this.#clock));
  }
}

const Pin = z.strictObject({ version: z.string().optional() });
type Pin = z.infer<typeof Pin>;

/**
 * The version of a judge that a run looks for answers of: the one that answered last when the run first asked for it.
 * It stays for the whole run, so that no question of the run is paid for twice, whatever the judge becomes meanwhile.
 * @param place in the run; outside of runs the version holds that answered last.
 */
async function pinnedVersion(
  storage: Storage,
  place: string,
  hash: string,
  versions: JudgeVersions,
): Promise<string | undefined> {
  const runKey = runOf(place);
  if (runKey === undefined) return versions.keyPart();
  const key = `${PINS}${runKey}/${hash}`;
  const pinned = pinIn((await storage.getRef(key))?.text);
  if (pinned) return pinned.version;
  const version = await versions.keyPart();
  const pin: Pin = version === undefined ? {} : { version };
  // The first of several stages that ask at the same time decides for all.
  return (pinIn(await storage.putRef(key, JSON.stringify(pin), { ifAbsent: true })) ?? pin).version;
}

/** The version of a judge that a run looked for answers of, as it was noted; nothing is noted now. */
export async function notedVersion(
  storage: Storage,
  runKey: string,
  asked: LedgerEntry['asked'],
): Promise<string | undefined> {
  return pinIn((await storage.getRef(`${PINS}${runKey}/${judgeHash(asked)}`))?.text)?.version;
}

/** None in a text that is damaged, and where there is no text. */
function pinIn(text: string | undefined): Pin | undefined {
  try {
    return Pin.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
