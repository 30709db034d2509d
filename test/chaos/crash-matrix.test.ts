import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCells, type Cell, nameOf } from './matrix/cells.ts';
import type { Outcome } from './matrix/compare.ts';
import { playCalm, playCell } from './matrix/play-cell.ts';
import { ChaosWorld } from './matrix/world.ts';

/** A part of the matrix that touches every stage, moment and victim; `npm run chaos` plays all of it. */
const CELLS: Pick<Cell, 'stage' | 'moment' | 'victim'>[] = [
  { stage: 'judge', moment: 'during', victim: 'worker' },
  { stage: 'update', moment: 'during', victim: 'worker' },
  { stage: 'prepare', moment: 'during', victim: 'disk full' },
  { stage: 'rollout', moment: 'during', victim: 'read-only store' },
  { stage: 'frames', moment: 'before', victim: 'temporal' },
  { stage: 'update', moment: 'after report', victim: 'temporal' },
  { stage: 'think', moment: 'after effect', victim: 'temporal' },
  { stage: 'tracking', moment: 'before', victim: 'mlflow' },
  { stage: 'tracking', moment: 'after effect', victim: 'mlflow' },
  { stage: 'judge', moment: 'before', victim: 'judge' },
  { stage: 'judge', moment: 'during', victim: 'judge' },
  { stage: 'benchmark', moment: 'before', victim: 'judge' },
  { stage: 'tracking', moment: 'after report', victim: 'mlflow' },
  { stage: 'update', moment: 'during', victim: 'disk full' },
  { stage: 'report', moment: 'before', victim: 'read-only store' },
];

let world: ChaosWorld;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  calm = await playCalm(world);
}, 180_000);
afterAll(() => world?.stop());

describe('a run in which something dies ends as if nothing had happened', () => {
  const cells = allCells(1).filter((cell) =>
    CELLS.some(({ stage, moment, victim }) => cell.stage === stage && cell.moment === moment && cell.victim === victim),
  );
  it.each(cells.map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    async (_, cell) => {
      const { differs, madeTwice, paidAgain, holds } = await playCell(world, calm, cell);
      expect({ differs, madeTwice, holds }).toEqual({ differs: [], madeTwice: [], holds: true });
      if (cell.victim !== 'worker') expect(paidAgain).toBe(0);
    },
    240_000,
  );
});
