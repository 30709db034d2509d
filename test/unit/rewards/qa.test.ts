import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../core/sample.ts';
import { unscorable, value } from '../../../core/score.ts';
import type { Judge } from '../../../judge/judge.ts';
import type { Outcome } from '../../../judge/questions/question.ts';
import { RuleBasedJudge } from '../../../judge/rule-based/rule-based-judge.ts';
import { QaConfig, QaDetails, qa } from '../../../rewards/qa.ts';
import { refusal } from '../../refusal.ts';

const video = { path: '/v.mp4', sha256: '', bytes: 1 };
const sample: Sample = {
  ...{ id: 'a', video, caption: 'A small red star grows.' },
  questions: [
    { question: 'What does the red star do?', options: ['grows', 'shrinks', 'blinks', 'moves up'], answer: 'grows' },
    { question: 'What size is the red star?', options: ['small', 'medium', 'large'], answer: 'small' },
    { question: 'What colour is the star?', options: ['red', 'green', 'blue', 'white'], answer: 'red' },
  ],
};
const completion = (caption?: string) => ({ wellFormed: false, ...(caption !== undefined && { caption }) });

async function score(
  captions: (string | undefined)[],
  { draws = 3, judge = new RuleBasedJudge() as Judge, of = sample } = {},
) {
  const group = { sample: of, completions: captions.map(completion) };
  const tools = { judge, random: { seed: 1, path: [1, 0] }, onScored: () => {} };
  const { scores, details } = await qa.score(group, QaConfig.parse({ draws }), tools);
  return { scores, details: QaDetails.parse(details) };
}

describe('reward.qa', () => {
  test('is the share of questions that the caption answers correctly', async () => {
    const { scores } = await score([
      'A small red star grows.',
      'A red star grows.',
      'A large red star blinks.',
      'Nothing can be seen.',
    ]);
    // Three, two, one (the colour), and none of three.
    expect(scores).toEqual([value(1), value(2 / 3), value(1 / 3), value(0)]);
  });

  test('asks all completions of a group the same, and keeps what the judge chose', async () => {
    const { details } = await score(['A small red star.', 'A red star.']);
    expect(details.questions).toHaveLength(3);
    const [first, second] = details.completions;
    details.questions.forEach(({ question, options, answer }, i) => {
      expect(options).toEqual(expect.arrayContaining([options[answer]]));
      if (question.includes('colour')) expect([first!.chosen![i], second!.chosen![i]]).toEqual([answer, answer]);
      if (question.includes('do?')) expect([first!.chosen![i], second!.chosen![i]]).toEqual([null, null]);
      if (question.includes('size')) expect([first!.chosen![i], second!.chosen![i]]).toEqual([answer, null]);
    });
  });

  test('a caption that says everything answers nothing', async () => {
    const colours = ['red', 'green', 'blue', 'white'].map((colour) => `A small ${colour} star grows and blinks.`);
    const { scores } = await score([colours.join(' ')]);
    // Only the size of the red star is said once.
    expect(scores).toEqual([value(1 / 3)]);
  });

  test('a completion without a caption scores 0, and no question is asked about it', async () => {
    const judge = new RuleBasedJudge();
    expect((await score([undefined], { judge })).scores).toEqual([value(0)]);
    expect(judge.usage.calls).toBe(0);
  });

  test('costs a call a draw and completion', async () => {
    const judge = new RuleBasedJudge();
    await score(['A star.', 'A star grows.'], { judge, draws: 8 });
    expect(judge.usage.calls).toBe(16);
  });

  test('an unusable answer makes the completion unscorable, a missing answer leaves it pending', async () => {
    const answering = (last: Outcome<number | null>): Judge => {
      let calls = 0;
      const judge = new RuleBasedJudge() as Judge;
      return Object.assign(judge, { answer: async () => (++calls === 3 ? last : { answer: 0 }) });
    };
    const judge = answering(unscorable('the judge refused') as Outcome<number | null>);
    expect((await score(['A star.'], { judge })).scores).toEqual([unscorable('the judge refused')]);
    expect((await score(['A star.'], { judge: answering({ pending: true }) })).scores).toEqual([{ pending: true }]);
  });

  test('a sample without questions is unscorable, with what to do', async () => {
    const { questions: _, ...of } = sample;
    const reason = 'Sample a has no questions; add some to the dataset, or leave reward.qa out.';
    expect((await score(['A star.', undefined], { of })).scores).toEqual([unscorable(reason), unscorable(reason)]);
  });

  test('the rule-based judge says which questions it can read', async () => {
    const of = { ...sample, questions: [{ question: 'Who sleeps?', options: ['a cat', 'a dog'], answer: 'a cat' }] };
    await expect(score(['A cat sleeps.'], { of })).rejects.toThrow(
      refusal('InvalidConfig', 'rule-based', 'questions', '"What does the red circle do?"', '"Who sleeps?"', 'llm'),
    );
  });
});
