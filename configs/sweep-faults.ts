import { didYouMean } from '../core/did-you-mean.ts';
import { VideocapError } from '../core/errors.ts';
import type { PlainArm } from './sweep-arms.ts';
import type { Changes } from './sweep-file.ts';

/** What other parts of the file say. */
const SAID_ELSEWHERE: Readonly<Record<string, string>> = {
  seed: 'list it in seeds',
  name: 'set the name of the sweep, which its runs have too',
};
/** Wrong arms that are told at once. */
const MOST_TOLD = 10;

/** Keys that the file has in another place, where every run has its own value. */
export function elsewhereFaults(owner: string, set: Changes): string[] {
  return Object.keys(set).flatMap((key) =>
    Object.hasOwn(SAID_ELSEWHERE, key) ? [`${owner} sets ${key}: ${SAID_ELSEWHERE[key]}`] : [],
  );
}

/**
 * What is wrong with arms as parts of a sweep.
 * @param seeds of arms that name none.
 */
export function armFaults(arms: readonly PlainArm[], seeds: readonly number[]): string[] {
  const names = arms.map(({ name }) => name);
  const faults = arms.flatMap(({ name, set }) => elsewhereFaults(`arm "${name}"`, set));
  for (const { name, set, after, seeds: own } of arms) {
    if (after === undefined) continue;
    const before = arms.find((arm) => arm.name === after);
    if (!before) {
      const choices = names.filter((other) => other !== name);
      faults.push(
        `arm "${name}": after is "${after}", which is no arm${didYouMean(after, choices)}; set one of ` +
          choices.join(', '),
      );
      continue;
    }
    const missing = (own ?? seeds).filter((seed) => !(before.seeds ?? seeds).includes(seed));
    if (missing.length > 0)
      faults.push(
        `arm "${name}" has the seed ${missing[0]}, and arm "${after}", from which it starts, has not; leave it out, ` +
          `or add it to arms.${after}.seeds`,
      );
    if (leadsTo(name, arms, name)) faults.push(`arm "${name}": after leads back to itself; name another arm`);
    if (Object.hasOwn(set, 'policy.model'))
      faults.push(`arm "${name}" sets policy.model and after: leave out one of them`);
  }
  return faults;
}

function leadsTo(from: string, arms: readonly PlainArm[], wanted: string): boolean {
  let name = arms.find((arm) => arm.name === from)?.after;
  for (let i = 0; name !== undefined && i <= arms.length; i++) {
    if (name === wanted) return true;
    name = arms.find((arm) => arm.name === name)?.after;
  }
  return false;
}

/** One error for all that is wrong with a sweep. @param where how it names the sweep. */
export function refused(where: string, faults: readonly string[]): VideocapError {
  const told = faults.slice(0, MOST_TOLD).map((fault) => `${where}: ${fault}.`);
  const rest = faults.length - told.length;
  return new VideocapError(
    'InvalidConfig',
    [...told, ...(rest > 0 ? [`and ${rest} more of the kind`] : [])].join('\n'),
  );
}
