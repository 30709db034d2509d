import { afterAll, beforeAll, expect, it } from 'vitest';
import { LAGGED, nameOf } from './matrix/cells.ts';
import type { Outcome } from './matrix/compare.ts';
import { playCalm, playCell } from './matrix/play-cell.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  calm = await playCalm(world, 'rollout lag');
}, 300_000);
afterAll(() => world?.stop());

it('a run with a lag samples its first two steps with the start policy, and each later one with the one before', () => {
  expect(calm.series.slice(1).map((metrics) => metrics['train/staleness'])).toEqual([0, 1, 1]);
  // What was recorded while sampling is the policy's own in the first step, and an earlier one's from then on.
  expect(calm.series[1]!['train/samplingMismatch']).toBeLessThan(1e-4);
  expect(calm.series[2]!['train/samplingMismatch']).toBeGreaterThan(1e-4);
});

// One of the cells that `npm run chaos` plays.
const cell = LAGGED.find(({ stage, moment }) => stage === 'update' && moment === 'during')!;
it(`ends as if nothing had happened: ${nameOf(cell)}`, async () => {
  const { differs, madeTwice, holds } = await playCell(world, calm, cell);
  expect({ differs, madeTwice, holds }).toEqual({ differs: [], madeTwice: [], holds: true });
}, 240_000);
