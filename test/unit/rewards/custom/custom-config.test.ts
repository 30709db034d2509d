import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../configs/load-config.ts';
import { value } from '../../../../core/score.ts';
import { combineRewards, rewardStatistics, weightsOf } from '../../../../rewards/combine-rewards.ts';
import { componentsOf, RewardConfig } from '../../../../rewards/registry.ts';
import { refusal } from '../../../refusal.ts';

const custom = {
  zeal: { kind: 'module', weight: 0.5, range: [-1, 1] },
  art: { kind: 'http' },
};

describe('custom rewards in the registry', () => {
  test('stand after the others, in the order of the config, with weight and range of their own', () => {
    const reward = RewardConfig.parse({ custom });
    expect(weightsOf(reward)).toEqual({ format: 1, think: 1, caption: 1, zeal: 0.5, art: 1 });
    expect(Object.keys(weightsOf(reward))).toEqual(['format', 'think', 'caption', 'zeal', 'art']);
    expect(componentsOf(reward).map(({ component }) => component.range)[3]).toEqual([-1, 1]);
    expect(new Set(componentsOf(reward).map(({ component }) => component.colour)).size).toBe(5);
  });

  test('count in the total, and have a mean of their own', () => {
    const one = [[value(1)]];
    const scores = { format: one, think: one, caption: one, zeal: [[value(-1)]], art: [[value(0.25)]] };
    const total = combineRewards(scores, RewardConfig.parse({ custom }));
    expect(total).toEqual([[2.75]]);
    expect(rewardStatistics(scores, total)).toMatchObject({ zeal: -1, art: 0.25, mean: 2.75 });
  });

  test('a config of a run that began before there was a component has no such section', () => {
    const { think, ...older } = RewardConfig.parse({});
    expect(Object.keys(weightsOf(older as RewardConfig))).toEqual(['format', 'caption']);
  });

  test('leave a config without them as it was', () => {
    expect(RewardConfig.parse({})).not.toHaveProperty('custom');
  });
});

describe('the section reward.custom', () => {
  const refuses = (yaml: string, ...named: string[]) =>
    expect(() => parseConfig(`reward: { custom: ${yaml} }`, { file: 'lab.yaml', folder: '/lab' })).toThrow(
      refusal('InvalidConfig', ...named),
    );

  test.each(['../evil', 'a/b', 'Upper', 'with space', 'x.ts', ''])('refuses the name %j', (name) => {
    refuses(`{ ${JSON.stringify(name)}: { kind: module } }`, 'reward.custom');
  });

  test.each(['format', 'mean', 'excluded', 'reward', 'sample', 'constructor'])('refuses %s, which is taken', (name) => {
    refuses(`{ ${name}: { kind: module } }`, `lab.yaml:1:21: reward.custom.${name} is`, 'its name', 'choose another');
  });

  test('refuses __proto__, which a schema would pass over', () => {
    refuses('{ __proto__: { kind: module } }', 'reward.custom.__proto__');
  });

  test('names field and value', () => {
    refuses('{ mine: { kind: module, range: [1, 0] } }', 'lab.yaml:1:43: reward.custom.mine.range', '[1,0]');
    refuses('{ mine: { kind: modul } }', 'lab.yaml:1:29: reward.custom.mine.kind', '"modul"', '"module"');
    refuses('{ mine: { kind: module, path: /etc/passwd } }', 'reward.custom.mine.path', 'kind module: kind, weight');
  });

  test('can be changed for one run', () => {
    const overrides = { 'reward.custom.mine.weight': 0.25 };
    const { reward } = parseConfig('reward: { custom: { mine: { kind: module } } }', {
      ...{ file: 'lab.yaml', folder: '/lab', overrides },
    });
    expect(weightsOf(reward).mine).toBe(0.25);
  });
});
