import type { Goal } from './goal.ts';

/** What a number of a row is. Of `seconds` and `milliseconds` less is better, of a rate more. */
export type Unit = 's' | 'ms' | 'tokens/s' | 'analyses/s' | 'activities';

/** One side of a row: does the work once, and gives the row's number. */
export interface Side {
  name: string;
  run(): Promise<number>;
  /** Its number comes from this project's run of the same repeat, so it always follows that. */
  derived?: true;
}

/** A peer that cannot be measured on this machine, and why. */
export interface MissingSide {
  name: string;
  missing: string;
}

/** The best that this machine could do: what the work's arithmetic, copies or waits alone take. */
export interface Floor {
  /** In the row's unit. */
  value: number;
  /** What it counts, as a clause. */
  of: string;
}

/** A row that is ready to be played. */
export interface OpenRow {
  own: Side['run'];
  peers: (Side | MissingSide)[];
  /** A function where it is known only after the last repeat. */
  floor?: Floor | { missing: string } | (() => Floor);
  /** What a reader of the numbers must know besides, as sentences; asked after the last repeat. */
  notes?(): string[];
  close(): Promise<void>;
}

/** One row of the table: the same work by this project and by its peers. */
export interface Row {
  /** For `--only`. */
  name: string;
  title: string;
  unit: Unit;
  /** What both sides do, as a sentence. */
  work: string;
  goals: Goal[];
  /** Minutes that the row takes on two cores with five repeats. */
  minutes: number;
  /** Repeats where fewer than the usual make the row affordable. */
  repeats?: number;
  /** Starts what both sides need. */
  open(): Promise<OpenRow>;
}
