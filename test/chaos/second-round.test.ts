import { afterAll, beforeAll, expect, it } from 'vitest';
import { nameOf, SECOND_ROUND } from './matrix/cells.ts';
import type { Outcome } from './matrix/compare.ts';
import { playCalm, playCell } from './matrix/play-cell.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  calm = await playCalm(world, 'two rounds');
}, 300_000);
afterAll(() => world?.stop());

it('a run whose groups do not differ takes a second round of samples, and finds some that do', () => {
  expect(calm.series[1]).toMatchObject({ 'sampling/rounds': 2 });
  expect(calm.series[1]!['sampling/keptGroups']).toBeGreaterThan(0);
  expect(calm.series[1]!['sampling/uniformGroups']).toBeGreaterThan(0);
});

// One of the cells that `npm run chaos` plays.
const cell = SECOND_ROUND.find(({ stage, moment }) => stage === 'rollout' && moment === 'during')!;
it(`ends as if nothing had happened: ${nameOf(cell)}`, async () => {
  const { differs, madeTwice, holds } = await playCell(world, calm, cell);
  expect({ differs, madeTwice, holds }).toEqual({ differs: [], madeTwice: [], holds: true });
}, 240_000);
