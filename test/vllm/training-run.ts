import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ArtifactStore } from '../../core/artifact-store.ts';
import type { Cell } from '../chaos/matrix/cells.ts';
import { differences, madeTwice, outcomeOf, paidAgain } from '../chaos/matrix/compare.ts';
import { ChaosWorld, type Played, type RolloutServers } from '../chaos/matrix/world.ts';
import { torchExperiment } from '../chaos/torch/torch-experiment.ts';

/** Every process dies once, each in another step: the server, both ranks, and the worker that drives them. */
const DEATHS = [
  { stage: 'rollout', victim: 'vllm', call: 2 },
  { stage: 'update', victim: 'rank 0', call: 2 },
  { stage: 'update', victim: 'rank 1', call: 3 },
  { stage: 'update', victim: 'worker', call: 4 },
] as const;
const CELLS: readonly Cell[] = DEATHS.map((death) => ({ ...death, moment: 'during', awaySeconds: 1 }));

/** Registers the tests of a run whose rollouts come from a server. */
export function trainingRunTests(servers: () => RolloutServers): void {
  let world: ChaosWorld;
  beforeAll(async () => {
    world = await ChaosWorld.start({ rollouts: servers() });
  });
  afterAll(() => world?.stop());

  test('a run in which server, ranks and worker die ends with the same rollouts, verdicts and weights', async () => {
    const experiment = torchExperiment(world.judge.baseUrl, 'lora by vLLM', { adapters: servers().urls[0]! });
    const calm = await world.play('calm', experiment, { longestSeconds: 600 });
    const struck = await world.play('struck', experiment, { cells: CELLS, longestSeconds: 900 });
    console.info(`Undisturbed ${calm.seconds.toFixed(0)} s, with four deaths ${struck.seconds.toFixed(0)} s.`);
    expect(struck.struck).toEqual(DEATHS.map(({ victim }) => victim));
    const sampled = await storedHashes(calm);
    expect(Object.keys(sampled)).toHaveLength(8);
    expect(await storedHashes(struck)).toEqual(sampled);
    expect(differences(await outcomeOf(calm), await outcomeOf(struck))).toEqual([]);
    expect({ again: madeTwice(struck), paidAgain: paidAgain(struck) }).toEqual({ again: [], paidAgain: 0 });
    expect(calm.summary.policy.weights.sha256).not.toBe(calm.summary.base.policy.weights.sha256);
  }, 1_500_000);
}

/** The SHA-256 of every step's rollouts and verdicts, by place in the run. */
async function storedHashes({ home, journal }: Played): Promise<Record<string, string>> {
  const store = new ArtifactStore(join(home, 'store'));
  const keys = journal.flatMap((line) => /^put (runs\/.*\/(?:rollout|verdicts)\.json)$/.exec(line)?.[1] ?? []);
  const found = keys.map(async (key) => [key.replace(/^runs\/[^/]*\//, ''), (await store.find(key))!.sha256] as const);
  return Object.fromEntries(await Promise.all(found));
}
