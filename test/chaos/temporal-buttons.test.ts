import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUTTON_CELLS, nameOf } from './matrix/cells.ts';
import type { Outcome } from './matrix/compare.ts';
import { playCalm, playCell } from './matrix/play-cell.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  calm = await playCalm(world);
}, 300_000);
afterAll(() => world?.stop());

/** Some of the cells that `npm run chaos` plays. */
const CELLS = BUTTON_CELLS.filter(({ stage, moment, victim }) =>
  [
    'rollout during activity paused',
    'judge during activity paused',
    'frames during activity reset',
    'update during activity reset',
    'update during run reset',
    'judge after effect run reset',
  ].includes(`${stage} ${moment} ${victim}`),
);

describe('a run in which a user presses a button of Temporal ends as if nothing had happened', () => {
  it.each(CELLS.map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    async (_, cell) => {
      const { differs, madeTwice, holds } = await playCell(world, calm, cell);
      expect({ differs, madeTwice, holds }).toEqual({ differs: [], madeTwice: [], holds: true });
    },
    240_000,
  );
});
