import type { RowResult } from './result.ts';

/** What a row is to reach. */
export interface Goal {
  text: string;
  /** Undefined where what it compares with could not be measured. */
  isMet(result: Omit<RowResult, 'goals'>): boolean | undefined;
}

/** So many times as fast as a peer; `peer` is the start of its name. */
export function timesAsFastAs(peer: string, times: number): Goal {
  return {
    text: `>= ${times}x ${peer}`,
    isMet: ({ peers }) => {
      const found = peers.find(({ name }) => name.startsWith(peer));
      return found && 'ratio' in found ? found.ratio >= times : undefined;
    },
  };
}

/** @param share of what the machine could do, in (0, 1]. */
export function shareOfFloor(share: number): Goal {
  return {
    text: `>= ${100 * share} % of the floor`,
    isMet: ({ floorShare }) => (floorShare === undefined ? undefined : floorShare >= share),
  };
}

/** @param times the floor. */
export function timesTheFloor(times: number): Goal {
  return {
    text: `<= ${times}x the floor`,
    isMet: ({ floorShare }) => (floorShare === undefined ? undefined : 1 / floorShare <= times),
  };
}

/** @param most in the row's unit, of which less is better. */
export function atMost(most: number, unit: string): Goal {
  return { text: `<= ${most} ${unit}`, isMet: ({ own }) => own.median <= most };
}
