import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../configs/load-config.ts';
import { value } from '../../../../core/score.ts';
import { combineRewards, rewardStatistics, weightsOf } from '../../../../rewards/combine-rewards.ts';
import { componentsOf, RewardConfig } from '../../../../rewards/registry.ts';

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
  const sentence = (yaml: string) => {
    try {
      parseConfig(`reward: { custom: ${yaml} }`, { file: 'lab.yaml', folder: '/lab' });
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };

  test.each(['../evil', 'a/b', 'Upper', 'with space', 'x.ts', ''])('refuses the name %j', (name) => {
    expect(sentence(`{ ${JSON.stringify(name)}: { kind: module } }`)).toMatch(/reward\.custom/);
  });

  test.each(['format', 'mean', 'excluded', 'reward', 'sample', 'constructor'])('refuses %s, which is taken', (name) => {
    expect(sentence(`{ ${name}: { kind: module } }`)).toBe(
      `lab.yaml:1:21: reward.custom.${name} is {"kind":"module"}; ` +
        'its name is no good: choose another name: metrics and tables use this one.',
    );
  });

  test('refuses __proto__, which a schema would pass over', () => {
    expect(sentence('{ __proto__: { kind: module } }')).toContain(
      'reward.custom.__proto__ is a name that no field can',
    );
  });

  test('names field, value and remedy', () => {
    expect(sentence('{ mine: { kind: module, range: [1, 0] } }')).toBe(
      'lab.yaml:1:43: reward.custom.mine.range is [1,0]; set the lower one first, such as [0, 1].',
    );
    expect(sentence('{ mine: { kind: modul } }')).toBe(
      'lab.yaml:1:29: reward.custom.mine.kind is "modul"; set one of module, http (did you mean "module"?).',
    );
    expect(sentence('{ mine: { kind: module, path: /etc/passwd } }')).toMatch(
      /reward\.custom\.mine\.path is not a known field.* of kind module: kind, weight, range, timeoutSeconds, sha256\./,
    );
  });

  test('can be changed for one run', () => {
    const overrides = { 'reward.custom.mine.weight': 0.25 };
    const { reward } = parseConfig('reward: { custom: { mine: { kind: module } } }', {
      ...{ file: 'lab.yaml', folder: '/lab', overrides },
    });
    expect(weightsOf(reward).mine).toBe(0.25);
  });
});
