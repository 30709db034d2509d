import { changeSentence, type MovingPart, type RunIdentity } from '../contracts/run-identity.ts';
import { differences, type Identity, joinedIdentity, MOST_VERSIONS, sameIdentity } from '../core/identity.ts';

/**
 * What is known after a stage has said with what it was done. The first of a part is what the run began with. Each that
 * was not seen before is a warning, which says what differs from the one in use before it; one that comes back, since
 * several workers or servers take turns, is none.
 * @param step the step that the stage belongs to.
 * @param found more than one where several have answered the questions of one stage.
 */
export function noteIdentity(
  known: RunIdentity,
  part: MovingPart,
  step: number,
  found: readonly Identity[],
): RunIdentity {
  return found.reduce((now, identity) => noteOne(now, part, step, identity), known);
}

function noteOne(known: RunIdentity, part: MovingPart, step: number, identity: Identity): RunIdentity {
  const seen = known.seen[part] ?? [];
  const last = seen.at(-1);
  if (last && sameIdentity(last, identity))
    return { ...known, seen: { ...known.seen, [part]: [...seen.slice(0, -1), joinedIdentity(last, identity)] } };
  const others = seen.filter((one) => !sameIdentity(one, identity));
  const isNew = others.length === seen.length;
  if (isNew && seen.length >= MOST_VERSIONS) return known;
  const warning = { part, step, sentence: changeSentence(part, step, differences(last ?? {}, identity)) };
  return {
    seen: { ...known.seen, [part]: [...others, identity] },
    warnings: isNew && last ? [...known.warnings, warning] : known.warnings,
  };
}
