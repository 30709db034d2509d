import { median } from './median.ts';
import type { Floor, MissingSide, Row, Unit } from './row.ts';

/** All values of one side, in the order of the repeats, and their median. */
export interface Measured {
  median: number;
  values: number[];
}

/** `ratio`: how many times as fast this project is; the median over repeats, each with its own pair of values. */
export type PeerResult = ({ name: string; ratio: number } & Measured) | MissingSide;

export interface RowResult {
  name: string;
  title: string;
  work: string;
  unit: Unit;
  own: Measured;
  peers: PeerResult[];
  floor?: Floor | { missing: string };
  /** How much of what the machine could do this project does, in [0, 1]. */
  floorShare?: number;
  goals: { text: string; met?: boolean }[];
  notes: string[];
  /** That the row took, its starts included. */
  seconds: number;
}

/** A row that could not be played. */
export interface FailedRow {
  name: string;
  title: string;
  failed: string;
}

export interface Values {
  own: number[];
  /** By peer. */
  peers: Map<string, number[]>;
}

/** What the values of a row come to. */
export function resultOf(
  { name, title, work, unit, goals }: Row,
  values: Values,
  missing: readonly MissingSide[],
  more: { floor?: Floor | { missing: string }; notes: string[]; seconds: number },
): RowResult {
  const { own, peers: theirs } = values;
  const gain = (mine: number, other: number) => (isRate(unit) ? mine / other : other / mine);
  const measured = (all: number[]): Measured => ({ median: median(all), values: all });
  const peers: PeerResult[] = [...theirs].map(([peer, all]) => ({
    name: peer,
    ...measured(all),
    ratio: median(all.map((value, i) => gain(own[i]!, value))),
  }));
  const { floor } = more;
  const result = {
    ...{ name, title, work, unit, own: measured(own), peers: [...peers, ...missing], ...more },
    // A floor is faster than any side: this project does the inverse of what it would gain.
    ...(floor && 'value' in floor && { floorShare: gain(median(own), floor.value) }),
  };
  return { ...result, goals: goals.map((goal) => ({ text: goal.text, ...metOf(goal.isMet(result)) })) };
}

function metOf(met: boolean | undefined): { met?: boolean } {
  return met === undefined ? {} : { met };
}

export function isRate(unit: Unit): boolean {
  return unit.endsWith('/s');
}
