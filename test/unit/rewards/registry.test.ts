import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../core/sample.ts';
import { scoreValue, value } from '../../../core/score.ts';
import { RuleBasedJudge } from '../../../judge/rule-based/rule-based-judge.ts';
import { weightsOf } from '../../../rewards/combine-rewards.ts';
import { documentFrequencies } from '../../../rewards/reference/cider-d.ts';
import { words } from '../../../rewards/reference/words.ts';
import {
  COMPONENTS,
  componentNames,
  judgedComponents,
  localComponents,
  neededFields,
  RewardConfig,
} from '../../../rewards/registry.ts';
import { TokenF1 } from '../../../rewards/think/token-f1.ts';

/** Lists the optional components too. */
const everything = {
  ...{ qa: {}, checklist: {}, rougeL: {}, ciderD: {}, bleu4: {}, embedding: {} },
  length: { min: 1, max: 3, fallOff: 2 },
  overlong: { maxTokens: 10, cacheTokens: 4, weight: 0.5 },
};

describe('the section reward', () => {
  test('has, where nothing is said, the reward of VideoCap-R1: format + think + caption, each once', () => {
    expect(RewardConfig.parse({})).toEqual({
      format: { weight: 1 },
      think: {
        ...{ weight: 1, similarity: 'sentence-embedding', subjectThreshold: 0.8, itemThreshold: 0.97 },
        ...{ attributeWeight: 0.5, actionWeight: 0.5 },
      },
      caption: { weight: 1, variant: 'stepped', thresholds: [0.28, 0.35] },
      unscorable: 'exclude-group',
    });
  });

  test('has a section for every component, by its name', () => {
    for (const [name, component] of Object.entries(COMPONENTS)) expect(component.name).toBe(name);
    expect(Object.keys(weightsOf(RewardConfig.parse(everything)))).toEqual(Object.keys(COMPONENTS));
  });

  test('has no component that is optional and not asked for', () => {
    const names = (reward: object) => {
      const config = RewardConfig.parse(reward);
      return [...localComponents(config), ...judgedComponents(config)].map(({ name }) => name);
    };
    expect(names({})).toEqual(['format', 'think', 'caption']);
    expect(names({ qa: {} })).toEqual(['format', 'think', 'caption', 'qa']);
    expect(names(everything)).toEqual([
      ...['format', 'think', 'length', 'overlong', 'rougeL', 'ciderD', 'bleu4', 'embedding'],
      ...['caption', 'qa', 'checklist'],
    ]);
    expect(Object.keys(RewardConfig.parse({}))).toEqual(['format', 'think', 'caption', 'unscorable']);
    expect(weightsOf(RewardConfig.parse({ checklist: { weight: 0.5 } }))).toEqual({
      ...{ format: 1, think: 1, caption: 1 },
      checklist: 0.5,
    });
    expect(componentNames((name) => name === 'checklist')).toEqual(['format', 'think', 'caption', 'checklist']);
  });

  test('knows what its components need of every sample', () => {
    expect(neededFields(RewardConfig.parse({}))).toEqual([]);
    expect(neededFields(RewardConfig.parse({ qa: {}, checklist: {} }))).toEqual([
      { field: 'questions', component: 'qa' },
      { field: 'keyPoints', component: 'checklist' },
    ]);
  });

  test('refuses a component that there is none of', () => {
    expect(RewardConfig.safeParse({ style: { weight: 1 } }).success).toBe(false);
  });
});

const sample: Sample = {
  ...{
    id: 'a',
    video: { path: '/v.mp4', sha256: '', bytes: 1 },
    caption: 'A small red star grows. A large blue cross blinks.',
  },
  events: ['a small red star grows', 'a large blue cross blinks'],
  thought: [{ subject: 'star', attributes: ['red'], actions: ['grows'] }],
};

describe('a component scores with its own section of the config', () => {
  test('locally', async () => {
    const completion = { wellFormed: true, thought: [{ subject: 'star', attributes: ['red'], actions: ['blinks'] }] };
    const tools = {
      similarity: () => new TokenF1(),
      documentFrequencies: async () => documentFrequencies([words(sample.caption), words('Two dogs run.')]),
    };
    const scored = async (reward: object) => {
      const scores: Record<string, number | undefined> = {};
      for (const { name, score } of localComponents(RewardConfig.parse(reward)))
        scores[name] = scoreValue((await score({ sample, completions: [completion] }, tools))[0]!);
      return scores;
    };
    // The attribute is right and the action wrong: each counts as much as the section says.
    expect(await scored({})).toEqual({ format: 1, think: 0.5 });
    expect(await scored({ think: { attributeWeight: 0.9, actionWeight: 0.1 } })).toEqual({ format: 1, think: 0.9 });
  });

  test('by the judge', async () => {
    const judge = new RuleBasedJudge();
    const score = async (variant: string) => {
      const [caption, ...others] = judgedComponents(RewardConfig.parse({ caption: { variant } }));
      expect(others).toEqual([]);
      const group = { sample, completions: [{ wellFormed: false, caption: 'A small red star grows.' }] };
      return (await caption!.score(group, { judge, random: { seed: 1, path: [1, 0] }, onScored: () => {} })).scores;
    };
    // The caption has half of the events.
    expect(await score('linear')).toEqual([value(0.5)]);
    expect(await score('stepped')).toEqual([value(1)]);
  });

  test('by what a benchmark has asked already', () => {
    const reading = { verdicts: ['entailment' as const, 'neutral' as const], claims: [] };
    const scoreOf = (section: object) =>
      judgedComponents(RewardConfig.parse({ caption: section }))[0]!.scoreOf(reading);
    expect(scoreOf({ variant: 'linear' })).toBe(0.5);
    expect(scoreOf({ variant: 'stepped', thresholds: [0.5, 0.6] })).toBe(0.5);
    // Ratings of the caption as a whole are not in the comparison.
    expect(scoreOf({ variant: 'completeness-naturalness' })).toBeUndefined();
  });
});
