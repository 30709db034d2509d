import { z } from 'zod';

/** So many facts, of so many characters each: an identity travels with every result. */
export const MOST_FACTS = 16;
export const LONGEST_FACT = 240;

/** So many versions of one part are followed: servers that name themselves anew with every answer are not, further. */
export const MOST_VERSIONS = 5;

/**
 * What has computed or answered something, as versions and settings by name: `{ffmpeg: '7.0.2', system: 'linux-x64'}`,
 * `{model: 'gpt-4o-2024-08-06', fingerprint: 'fp_1'}`. Where two are equal, the same input gives the same bits, or, of
 * a judge, the same opinion. So it holds nothing that changes by itself, such as times, paths or process ids.
 */
export const Identity = z
  .record(z.string().regex(/^[\w.-]{1,40}$/), z.string().max(LONGEST_FACT))
  .refine((facts) => Object.keys(facts).length <= MOST_FACTS, { error: `has more than ${MOST_FACTS} facts` });
export type Identity = z.infer<typeof Identity>;

/** The value of a fact that nothing could tell at the time, such as the version of a server that is away. */
export const UNKNOWN = 'unknown';

/** A fact that differs between two identities; absent where one of them does not have it. */
export interface Difference {
  fact: string;
  before: string | undefined;
  after: string | undefined;
}

/** What differs, in the order of the facts in `after`. What is unknown in one of them differs from nothing. */
export function differences(before: Identity, after: Identity): Difference[] {
  const facts = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return facts
    .map((fact) => ({ fact, before: before[fact], after: after[fact] }))
    .filter((one) => one.before !== one.after && one.before !== UNKNOWN && one.after !== UNKNOWN);
}

export function sameIdentity(a: Identity, b: Identity): boolean {
  return differences(a, b).length === 0;
}

/** Of two that are the same, all facts that one of them knows. */
export function joinedIdentity(before: Identity, after: Identity): Identity {
  return Object.fromEntries(
    Object.entries(after).map(([fact, value]) => [fact, value === UNKNOWN ? (before[fact] ?? value) : value]),
  );
}

/** `ffmpeg 7.0.2, system linux-x64`, for people. */
export function identityText(identity: Identity): string {
  return Object.entries(identity)
    .map(([fact, value]) => `${fact} ${value}`)
    .join(', ');
}

/** Each once, in an order that does not depend on which came first. */
export function distinctIdentities(identities: readonly Identity[]): Identity[] {
  const byText = new Map(identities.map((identity) => [identityText(identity), identity]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, identity]) => identity);
}
