import { describe, expect, it, test } from 'vitest';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import { GspoConfig } from '../../../algorithms/gspo.ts';
import { OptimizerConfig } from '../../../algorithms/optimizer-config.ts';

const CONFIGS = { optimizer: OptimizerConfig, grpo: GrpoConfig, gspo: GspoConfig.partial({ kind: true }) };
const issues = (config: keyof typeof CONFIGS, fields: object) =>
  (CONFIGS[config].safeParse(fields).error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]);

/** Of every number that a graph takes: whether 0 is one. */
const NUMBERS: [keyof typeof CONFIGS, string, boolean][] = [
  ['optimizer', 'learningRate', false],
  ['optimizer', 'beta1', true],
  ['optimizer', 'beta2', true],
  ['optimizer', 'epsilon', false],
  ['optimizer', 'weightDecay', true],
  ['optimizer', 'maxGradNorm', false],
  ['grpo', 'beta', true],
  ['gspo', 'beta', true],
];

describe.each(NUMBERS)('%s.%s', (config, field, mayBeZero) => {
  const least = mayBeZero ? 'set 0, or a number of at least 1e-44' : 'set a number of at least 1e-44';

  it('is no number that is 0 in 32 bits', () => {
    for (const value of [1e-50, Number.MIN_VALUE])
      expect(issues(config, { [field]: value })).toEqual([[field, `${least}: as a 32-bit number it is 0`]]);
    expect(issues(config, { [field]: 1e-44 })).toEqual([]);
    expect(issues(config, { [field]: 0 })).toHaveLength(mayBeZero ? 0 : 1);
    expect(issues(config, { [field]: -1e-50 })).toHaveLength(1);
  });

  it('is no number that is infinite in 32 bits', () => {
    expect(issues(config, { [field]: 1e39 }).map(([name]) => name)).toContain(field);
  });
});

test.each(['weightDecay', 'maxGradNorm', 'epsilon'])('%s may be large', (field) => {
  expect(issues('optimizer', { [field]: 1e38 })).toEqual([]);
  expect(issues('optimizer', { [field]: 1e39 })).toEqual([[field, expect.stringMatching(/at most 1e38/)]]);
});

test.each(['beta1', 'beta2'])('%s is below 1 as a 32-bit number too', (field) => {
  for (const value of [0, 0.9, 0.999, 0.9999999]) expect(issues('optimizer', { [field]: value })).toEqual([]);
  for (const value of [0.99999999, 1 - 2 ** -53, 1, 2])
    expect(issues('optimizer', { [field]: value }).map(([name]) => name)).toEqual([field]);
});

test.each(['grpo', 'gspo'] as const)('a clip range of %s has two ends in 32 bits, too', (config) => {
  const { clipLow, clipHigh } = { clipLow: 1e-7, clipHigh: 1e-7 };
  expect([Math.fround(1 - clipLow), Math.fround(1 + clipHigh)].map((end) => Math.sign(end - 1))).toEqual([-1, 1]);
  expect(issues(config, { clipLow, clipHigh })).toEqual([]);
  expect(issues(config, { clipLow: 0.9999999, clipHigh: 1e38 })).toEqual([]);
  for (const bad of [{ clipLow: 1e-9 }, { clipLow: 0.99999999 }, { clipHigh: 1e-9 }, { clipHigh: 1e39 }])
    expect(issues(config, bad).map(([name]) => name)).toEqual(Object.keys(bad));
});
