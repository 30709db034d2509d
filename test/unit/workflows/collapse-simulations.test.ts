import { describe, expect, it } from 'vitest';
import { CollapseConfig } from '../../../configs/collapse-config.ts';
import type { CollapseWatch } from '../../../contracts/collapse.ts';
import { NOTHING_WATCHED, watchEvaluation, watchStep } from '../../../workflows/collapse.ts';

const RUNS = 300;
const CONFIG = CollapseConfig.parse({});

const FACTORS = [0x7feb352d, 0x846ca68b, 0x9e3779b1];

/** In [0, 1), a function of its place. */
function uniformAt(seed: number, name: number, index: number): number {
  let state = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(name + 1, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  for (const factor of FACTORS) state = Math.imul(state ^ (state >>> 15), factor);
  return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
}

const NOISES = ['reward', 'heldOut', 'length'] as const;

/** Standard normal, a function of its place. */
function normalAt(name: (typeof NOISES)[number], seed: number, index: number): number {
  const place = 2 * NOISES.indexOf(name);
  const [u, v] = [uniformAt(seed, place, index), uniformAt(seed, place + 1, index)];
  return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
}

interface Run {
  steps: number;
  reward?: (step: number) => number;
  length?: (step: number) => number;
  uniform?: (step: number) => number;
  groups?: number;
  every?: number;
  heldOut?: (k: number) => { value: number; slack?: number };
}

function kindsOf({ steps, reward, length, uniform, groups, every = 5, heldOut }: Run): string[] {
  let watch: CollapseWatch = NOTHING_WATCHED;
  const measure = (step: number) => {
    const { value, slack } = heldOut!(step / every);
    const bounds: Record<string, number> =
      slack === undefined ? {} : { eventF1Low: value - slack, eventF1High: value + slack };
    const metrics = { eventF1: value, ...bounds };
    watch = watchEvaluation(watch, { step, metrics }, { metric: 'eventF1', mode: 'max' }, CONFIG);
  };
  if (heldOut) measure(0);
  for (let step = 1; step <= steps; step++) {
    const metrics = {
      'reward/mean': reward?.(step) ?? 2,
      'train/completionLength': length?.(step) ?? 40,
      'train/distinctCaptions': 1,
      'reward/uniformShare': uniform?.(step) ?? 0,
    };
    watch = watchStep(watch, { step, metrics, ...(groups && { groups }) }, CONFIG);
    if (heldOut && step % every === 0) measure(step);
  }
  return watch.warnings.map(({ kind }) => kind);
}

const shareOf = (run: (seed: number) => Run) =>
  Array.from({ length: RUNS }, (_, seed) => kindsOf(run(seed))).filter((kinds) => kinds.length > 0).length / RUNS;

/** The rewards of a healthy run: noise, and noise on the way up. */
const REWARDS: Record<string, (seed: number, of: number) => (step: number) => number> = {
  flat: (seed) => (step) => 2 + 0.15 * normalAt('reward', seed, step),
  rising: (seed, of) => (step) => 2 + (0.3 * step) / of + 0.15 * normalAt('reward', seed, step),
};

describe.each(Object.keys(REWARDS))('a held-out metric on a plateau, with a %s reward', (name) => {
  const reward = REWARDS[name]!;
  it.each([
    ['half', 20, 0.5],
    ['half', 40, 0.5],
    ['three quarters of', 20, 0.75],
    ['three quarters of', 40, 0.75],
  ])('does not count as fallen: noise %s the standard error, %i benchmarks', (_, count, noise) => {
    const heldOut = (seed: number) => (k: number) => ({
      value: 65 + noise * (8 / 1.96) * normalAt('heldOut', seed, k),
      slack: 8,
    });
    const found = shareOf((seed) => ({
      ...{ steps: count * 5, reward: reward(seed, count * 5), heldOut: heldOut(seed) },
    }));
    expect(found).toBeLessThanOrEqual(0.02);
  });

  it.each([20, 40])('does not count as fallen without an interval: noise 5 %, %i benchmarks', (count) => {
    const heldOut = (seed: number) => (k: number) => ({ value: 65 * (1 + 0.05 * normalAt('heldOut', seed, k)) });
    const found = shareOf((seed) => ({
      ...{ steps: count * 5, reward: reward(seed, count * 5), heldOut: heldOut(seed) },
    }));
    expect(found).toBeLessThanOrEqual(0.02);
  });
});

describe('uniform groups', () => {
  it.each([
    [1, 0.4, true],
    [1, 0.4, false],
    [2, 0.6, true],
    [2, 0.6, false],
    [4, 0.7, true],
    [8, 0.7, true],
  ])('%i a step, each uniform with probability %d, are no sign', (groups, probability, isKnown) => {
    const share = (seed: number, step: number) => {
      let uniform = 0;
      for (let g = 0; g < groups; g++) if (uniformAt(seed, 100 + g, step) < probability) uniform += 1;
      return uniform / groups;
    };
    const found = shareOf((seed) => ({
      ...{ steps: 200, uniform: (step) => share(seed, step), ...(isKnown && { groups }) },
    }));
    expect(found).toBeLessThanOrEqual(0.02);
  });
});

describe('the length of completions', () => {
  it('may have a noise of a quarter, over 300 steps', () => {
    const length = (seed: number) => (step: number) => Math.max(1, 40 * (1 + 0.25 * normalAt('length', seed, step)));
    const found = shareOf((seed) => ({ steps: 300, length: length(seed) }));
    const skewed = (seed: number) => (step: number) => 40 * Math.exp(0.25 * normalAt('length', seed, step));
    const found2 = shareOf((seed) => ({ steps: 300, length: skewed(seed) }));
    expect(found).toBeLessThanOrEqual(0.02);
    expect(found2).toBeLessThanOrEqual(0.02);
  });
  it.each([
    ['doubles', 2],
    ['shrinks to a tenth', 0.1],
  ])('is seen to change through such noise: it %s', (_, factor) => {
    const length = (seed: number) => (step: number) =>
      40 * (step > 30 ? factor : 1) * Math.exp(0.25 * normalAt('length', seed, step));
    const found = shareOf((seed) => ({ steps: 150, length: length(seed) }));
    expect(found).toBeGreaterThanOrEqual(0.9);
  });
});

describe('what must not be missed', () => {
  const listed = (values: number[], slack?: number) => (k: number) => ({ value: values[k]!, ...(slack && { slack }) });

  it.each([
    ['saturated', (): number => 2],
    ['nearly saturated', (step: number): number => (step < 10 ? 2 : 1.999)],
    ['rising', (step: number): number => 1 + step / 50],
  ])('a held-out metric that falls while the reward is %s', (_, reward) => {
    for (const slack of [undefined, 5, 8, 15])
      expect(kindsOf({ steps: 20, reward, heldOut: listed([80, 60, 40, 20, 5], slack) })).toEqual(['heldOut']);
  });

  it('a large fall at once, with a reward that was high from the start', () => {
    expect(kindsOf({ steps: 5, heldOut: listed([80, 1], 8) })).toEqual(['heldOut']);
    expect(kindsOf({ steps: 25, heldOut: listed([80, 81, 79, 80, 80, 1], 8) })).toEqual(['heldOut']);
  });

  it('a slow fall after a plateau, through noise', () => {
    const found = shareOf((seed) => ({
      ...{ steps: 150, reward: REWARDS.rising!(seed, 150) },
      heldOut: (k) => ({ value: 65 - 2 * Math.max(0, k - 10) + 2 * normalAt('heldOut', seed, k), slack: 8 }),
    }));
    expect(found).toBeGreaterThanOrEqual(0.95);
  });

  it('completions that become long at the second step', () => {
    const length = (step: number) => [40, 250][step - 1] ?? 256;
    expect(kindsOf({ steps: 20, length })).toEqual(['length']);
  });

  it.each([undefined, 1, 8])(
    'uniform groups, of which every fifth step has a few others less (%s a step)',
    (groups) => {
      const uniform = (step: number) => (step % 5 === 0 && groups !== 1 ? 0.875 : 1);
      expect(kindsOf({ steps: 40, uniform, ...(groups && { groups }) })).toEqual(['uniformGroups']);
    },
  );
});

it('changes too small to matter are none: intervals of no width, a reward from 1 to 1.001', () => {
  const heldOut = (k: number) => ({ value: k === 0 ? 100 : 99.5, slack: 0 });
  expect(kindsOf({ steps: 50, reward: (step) => 1 + step / 50_000, heldOut })).toEqual([]);
  expect(kindsOf({ steps: 50, reward: (step) => 1 + step / 50, heldOut })).toEqual([]);
});
