import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUCKET_VICTIMS, bucketCells } from '../chaos/matrix/cells.ts';
import { differences, madeTwice, type Outcome, outcomeOf, paidAgain } from '../chaos/matrix/compare.ts';
import { matrixExperiment } from '../chaos/matrix/experiment.ts';
import { playCalm } from '../chaos/matrix/play-cell.ts';
import { ChaosWorld } from '../chaos/matrix/world.ts';
import { PROGRAMS } from './s3-server.ts';
import { StruckBucket } from './struck-bucket.ts';

/** Of one run. */
const LIMIT = { longestSeconds: 500 };

let inFolder: Outcome;
let world: ChaosWorld;
beforeAll(async () => {
  const worldOfFolder = await ChaosWorld.start();
  inFolder = await playCalm(worldOfFolder, undefined, LIMIT).finally(() => worldOfFolder.stop());
  world = await ChaosWorld.start({ bucket: await StruckBucket.start(PROGRAMS[0]) });
});
afterAll(() => world?.stop());

it('a run whose store is a bucket ends as one whose store is a folder', async () => {
  const inBucket = await playCalm(world, undefined, LIMIT);
  expect(differences(inFolder, inBucket)).toEqual([]);
});

describe('so does a run that meets a fault of its bucket in every stage', () => {
  it.each(BUCKET_VICTIMS)('%s', async (victim) => {
    const cells = bucketCells(1)
      .filter((cell) => cell.victim === victim && cell.moment === 'during')
      .map((cell) => ({ ...cell, awaySeconds: 1.5 }));
    const played = await world.play(victim.replaceAll(' ', '-').toLowerCase(), matrixExperiment(world.judge.baseUrl), {
      cells,
      ...LIMIT,
    });
    expect(differences(inFolder, await outcomeOf(played))).toEqual([]);
    expect({ again: madeTwice(played), paidAgain: paidAgain(played) }).toEqual({ again: [], paidAgain: 0 });
    expect(played.struck).toEqual(cells.map(() => victim));
    expect(played.met).toBeGreaterThanOrEqual(cells.length);
  });
});
