import { afterAll, beforeAll, expect, it } from 'vitest';
import { IN_PARTS, nameOf } from './matrix/cells.ts';
import type { Outcome } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { playCalm, playCell } from './matrix/play-cell.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  calm = await playCalm(world, 'parts');
}, 300_000);
afterAll(() => world?.stop());

it('a run in parts ends with the weights, numbers and questions of one that samples a round at once', async () => {
  const experimentOf = (judgeUrl: string) => {
    const { config, overrides } = matrixExperiment(judgeUrl, 'parts');
    const { 'algorithm.samplesPerPart': _part, ...others } = overrides as Record<string, unknown>;
    return { config, overrides: others };
  };
  const { report: _, ...whole } = await playCalm(world, undefined, { experimentOf });
  const { report: __, ...inParts } = calm; // its config names the parts
  expect(inParts).toEqual(whole);
}, 240_000);

// One of the cells that `npm run chaos` plays.
const cell = IN_PARTS.find(({ stage, victim }) => stage === 'rollout' && victim === 'worker')!;
it(`ends as if nothing had happened: ${nameOf(cell)}`, async () => {
  const { differs, madeTwice, holds } = await playCell(world, calm, cell);
  expect({ differs, madeTwice, holds }).toEqual({ differs: [], madeTwice: [], holds: true });
}, 240_000);
