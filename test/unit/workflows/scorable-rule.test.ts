import { describe, expect, test } from 'vitest';
import { unscorable, value } from '../../../core/score.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { scorableOf } from '../../../rewards/scorable.ts';
import { pauseBecause, stepsBelow } from '../../../workflows/scorable-rule.ts';

const llm = (pauseWhen?: object) => JudgeConfig.parse({ kind: 'llm', model: 'm', ...(pauseWhen && { pauseWhen }) });
const scores = (right: number, wrong: number) => [
  [...Array.from({ length: right }, () => value(0)), ...Array.from({ length: wrong }, () => unscorable('too long'))],
];

describe('what the judge could score', () => {
  test('is a share over all components and rounds, with the reason that most others have', () => {
    const rounds = [
      { caption: scores(1, 3) },
      { caption: [[unscorable('filtered'), value(1)]], checklist: scores(2, 0) },
    ];
    expect(scorableOf(rounds)).toEqual({ share: 0.5, reason: 'too long' });
  });
  test('is nothing where it was asked for nothing', () => expect(scorableOf([{}])).toBeUndefined());
});

describe('a run pauses', () => {
  const pausesAfter = (shares: (number | undefined)[], judge: JudgeConfig) => {
    let steps = 0;
    return shares.map((share) => {
      const scorable = share === undefined ? undefined : { share };
      steps = stepsBelow(steps, scorable, judge);
      return pauseBecause(steps, scorable, judge) !== undefined;
    });
  };
  test.each([
    ['two steps in a row below 25 %', [0, 0.24], llm(), [false, true]],
    ['25 % is enough', [0, 0.25, 0, 0.3], llm(), [false, false, false, false]],
    ['a step that asks nothing does not count', [0, undefined, 0], llm(), [false, false, true]],
    ['as configured', [0.4, 0.4, 0.4], llm({ scorableBelow: 0.5, steps: 3 }), [false, false, true]],
    ['never at 0', [0, 0, 0], llm({ scorableBelow: 0 }), [false, false, false]],
    ['never by a rule-based judge', [0, 0], JudgeConfig.parse({ kind: 'rule-based' }), [false, false]],
  ])('%s', (_, shares, judge, pauses) => expect(pausesAfter(shares, judge)).toEqual(pauses));

  test('with the defaults where its config is older than the rule', () => {
    const { pauseWhen: _, ...older } = llm() as Extract<JudgeConfig, { kind: 'llm' }>;
    expect(pausesAfter([0, 0], older as JudgeConfig)).toEqual([false, true]);
  });
});
