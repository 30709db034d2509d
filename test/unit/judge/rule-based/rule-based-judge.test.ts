import { describe, expect, test } from 'vitest';
import { describe as describeScene, eventsOf } from '../../../../datasets/shapes/describe.ts';
import { sceneAt } from '../../../../datasets/shapes/scene.ts';
import { RuleBasedJudge } from '../../../../judge/rule-based/rule-based-judge.ts';
import { refusal } from '../../../refusal.ts';

const judge = new RuleBasedJudge();
const verdictOn = async (caption: string, event: string) => {
  const outcome = await judge.entail(caption, [event]);
  return 'answer' in outcome ? outcome.answer[0] : outcome;
};

describe('RuleBasedJudge', () => {
  test('cannot rate a caption as a whole, and says what to set', async () => {
    await expect(judge.rate()).rejects.toThrow(
      refusal('InvalidConfig', 'rule-based', 'completeness-naturalness', 'judge.kind to llm'),
    );
  });

  test('says that it is no LLM', () => {
    expect(judge).toMatchObject({ isLlm: false, name: 'rule-based (no LLM)' });
  });

  test.each([
    ['A small red circle moves left.', 'a small red circle moves left', 'entailment'],
    [
      'A large blue square grows. The small red circle is moving to the left!',
      'a small red circle moves left',
      'entailment',
    ],
    ['A small red circle moves right.', 'a small red circle moves left', 'contradiction'],
    ['A large red circle moves left.', 'a small red circle moves left', 'contradiction'],
    ['A small blue circle moves left.', 'a small red circle moves left', 'neutral'],
    ['A small red square moves left.', 'a small red circle moves left', 'neutral'],
    ['A red circle moves left.', 'a small red circle moves left', 'neutral'],
    ['A small red circle.', 'a small red circle moves left', 'neutral'],
    ['', 'a small red circle moves left', 'neutral'],
    ['A small red circle moves left.', 'a small red circle moves left, then grows', 'contradiction'],
    ['A small red circle moves left, then grows.', 'a small red circle moves left, then grows', 'entailment'],
    ['A small red circle bumps into the blue square.', 'a small red circle bumps into the blue square', 'entailment'],
    ['A small red circle bumps into the blue star.', 'a small red circle bumps into the blue square', 'contradiction'],
    ['A small red circle moves left.', 'a dog barks', 'neutral'],
    ['A small red circle moves left.', 'a red circle moves left', 'neutral'],
  ])('%j says of %j: %s', async (caption, event, verdict) => {
    expect(await verdictOn(caption, event)).toBe(verdict);
  });

  test('gives one verdict an event, in their order', async () => {
    expect(
      await judge.entail('A small red circle moves left. A large blue star grows.', [
        'a large blue star grows',
        'a small red circle blinks',
        'a large green cross grows',
      ]),
    ).toEqual({ answer: ['entailment', 'contradiction', 'neutral'] });
  });

  test('lists the events that a caption claims, each once, without mere mentions', async () => {
    const caption =
      'A small red circle moves left and blinks. A star. A red square grows. A small red circle moves left.';
    expect(await judge.extractEvents(caption)).toEqual({
      answer: ['a small red circle moves left', 'a small red circle blinks', 'a red square grows'],
    });
  });

  test.each(['train', 'held-out'] as const)('reads every reference of the %s split', async (split) => {
    for (let index = 0; index < 50; index++) {
      const { caption, events } = describeScene(eventsOf(sceneAt(1, split, index)));
      expect(() => judge.checkReference('s', events)).not.toThrow();
      expect(await judge.extractEvents(caption)).toEqual({ answer: events });
      expect(await judge.entail(caption, events)).toEqual({ answer: events.map(() => 'entailment') });
    }
  });

  test.each([
    [['a dog barks'], '"a dog barks"'],
    [['a red circle moves left'], '"a red circle moves left"'],
    [[], 'none'],
  ])('refuses references of another world: %j', (events, shown) => {
    expect(() => judge.checkReference('clip-7', events)).toThrow(
      refusal('InvalidConfig', 'rule-based', `sample clip-7 has ${shown}.`, 'judge.kind to llm'),
    );
  });
});
