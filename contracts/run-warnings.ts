import { type CollapseWarning, collapseSentence } from './collapse.ts';
import type { RunIdentity } from './run-identity.ts';

interface Warned {
  collapse?: readonly CollapseWarning[] | undefined;
  identity?: RunIdentity | undefined;
}

/**
 * What a reader must know of a run before its numbers, wherever the run is shown: signs of collapse, then parts that
 * have become others on the way. Sentences without a full stop.
 */
export function runWarnings({ collapse = [], identity }: Warned): string[] {
  return [...collapse.map(collapseSentence), ...(identity?.warnings ?? []).map(({ sentence }) => sentence)];
}
