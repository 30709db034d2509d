import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeTwice, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
beforeAll(async () => {
  world = await ChaosWorld.start();
}, 180_000);
afterAll(() => world?.stop());

const experiment = (steps: number) => {
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  return { config, overrides: { ...overrides, 'grpo.steps': steps, 'benchmark.everySteps': 2 } };
};

describe('a run that was ended', () => {
  it('goes on after its last step when it was terminated, with the same weights as one that ran through', async () => {
    const calm = await outcomeOf(await world.play('through', experiment(4)));
    const resumed = await world.play('ended', experiment(4), {
      end: async (handle) => {
        for (;;) {
          const status = await handle.query<{ step: number }>('status').catch(() => undefined);
          if (status && status.step >= 2) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await handle.terminate('the test says so');
        const { memo } = await handle.describe();
        return { ...experiment(4), resume: { run: memo!.run as string } };
      },
    });
    const { weights, optimizer, series } = await outcomeOf(resumed);
    expect({ weights, optimizer }).toEqual({ weights: calm.weights, optimizer: calm.optimizer });
    expect(series).toEqual(calm.series);
    expect(madeTwice(resumed)).toEqual([]);
  }, 300_000);

  it('can be forked: the same config gives the same weights, another one others, and verdicts are not paid again', async () => {
    const parent = await world.play('parent', experiment(4));
    const fork = (overrides: object) => ({ overrides, fork: { run: parent.summary.runKey, step: 2 } });
    const same = await world.play('same', fork({}), { home: parent.home });
    expect(same.summary.policy.weights.sha256).toBe(parent.summary.policy.weights.sha256);
    expect([...same.answered.values()]).toEqual([]);
    // One home, one journal: what the fork did stands after what its parent did.
    const own = same.journal.slice(parent.journal.length);
    expect(own.filter((line) => line.startsWith('make runs/')).length).toBeGreaterThan(0);
    expect(own.filter((line) => line.startsWith('make clips/'))).toEqual([]);
    const other = await world.play('other', fork({ 'grpo.beta': 0.5 }), { home: parent.home });
    expect(other.summary.steps).toBe(4);
    expect(other.summary.policy.weights.sha256).not.toBe(parent.summary.policy.weights.sha256);
    expect(other.answered.size).toBeLessThan(parent.answered.size);
  }, 300_000);
});
