import { VideocapError } from '../../core/errors.ts';
import { type NotFinite, notFiniteText } from '../../core/not-finite.ts';
import type { ConfigSection, PolicyFiles, ReplayedUpdate } from '../../core/policy-engine.ts';

/** A policy that the ranks hold for a section of the config, and no file. */
export interface Held {
  digest: string;
  engine: ConfigSection;
}

/** What replays ask of the ranks. */
export interface ReplayingRanks {
  /** What they hold now, if the last update left it in memory alone. */
  held(): Promise<Held | undefined>;
  /** Makes an update, and leaves it in memory alone. */
  update(update: ReplayedUpdate, policy: PolicyFiles | Held): Promise<{ digest: string } | { notFinite: NotFinite }>;
  /** Writes what they hold. */
  write(held: Held): Promise<PolicyFiles>;
}

/**
 * Makes updates again that lead to a policy, from the last one that the ranks hold, or from its files.
 * @param isSame whether ranks that hold a policy for one section can go on with another.
 * @returns what they then hold for the section `engine`, or files, where they hold it for another.
 * @throws VideocapError `ReplayDiffers`.
 */
export async function replayed(
  { replay: updates = [], ...files }: PolicyFiles,
  engine: ConfigSection,
  ranks: ReplayingRanks,
  isSame: (one: ConfigSection, other: ConfigSection) => boolean,
): Promise<PolicyFiles | Held> {
  const asHeldBy = async (at: PolicyFiles | Held, section: ConfigSection) =>
    'digest' in at && !isSame(at.engine, section) ? ranks.write(at) : at;
  const held = await ranks.held();
  const done = updates.findLastIndex((one) => one.digest === held?.digest && isSame(one.engine, held.engine));
  let at: PolicyFiles | Held = updates[done] ?? files;
  for (const update of updates.slice(done + 1)) {
    const found = await ranks.update(update, await asHeldBy(at, update.engine));
    if (!('digest' in found) || found.digest !== update.digest)
      throw replayDiffers(update, found, updates[0]!.step - 1);
    at = update;
  }
  return asHeldBy(at, engine);
}

/** @param filesAt the step of the checkpoint that the replay began with. */
export function replayDiffers(
  { runKey, step, digest }: Pick<ReplayedUpdate, 'runKey' | 'step' | 'digest'>,
  found: { digest: string } | { notFinite: NotFinite },
  filesAt: number,
): VideocapError {
  const ended =
    'digest' in found
      ? `ends in weights and moments that hash to ${short(found.digest)}`
      : `ends in numbers that are not finite: ${notFiniteText(found.notFinite)}`;
  return new VideocapError(
    'ReplayDiffers',
    `Step ${step} of run ${runKey}, made again from its recipe, ${ended}, but they hashed to ${short(digest)} when ` +
      'it was made first. Run the worker with the GPU, the ranks and the packages that it had then, and with the ' +
      `checkpoint of step ${filesAt} as it was; or fork the run from there: ` +
      `videocap fork ${runKey} --at-step ${filesAt}`,
  );
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
