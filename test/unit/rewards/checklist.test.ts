import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../core/sample.ts';
import { unscorable, value } from '../../../core/score.ts';
import type { Judge } from '../../../judge/judge.ts';
import { RuleBasedJudge } from '../../../judge/rule-based/rule-based-judge.ts';
import { ChecklistConfig, ChecklistDetails, checklist } from '../../../rewards/checklist.ts';
import { refusal } from '../../refusal.ts';

const sample: Sample = {
  ...{ id: 'a', video: { path: '/v.mp4', sha256: '', bytes: 1 }, caption: 'A small red star grows.' },
  keyPoints: ['a small red star', 'the red star grows', 'a large blue cross', 'the blue cross bumps into the red star'],
};
const completion = (caption?: string) => ({ wellFormed: false, ...(caption !== undefined && { caption }) });

async function score(captions: (string | undefined)[], judge: Judge = new RuleBasedJudge(), of = sample) {
  const group = { sample: of, completions: captions.map(completion) };
  const tools = { judge, random: { seed: 1, path: [] }, onScored: () => {} };
  const { scores, details } = await checklist.score(group, ChecklistConfig.parse({}), tools);
  return { scores, details: ChecklistDetails.parse(details) };
}

describe('reward.checklist', () => {
  // AVoCaDO, equation 3: the mean of Judge(S, k) over the key points.
  test('is the share of key points that the caption mentions', async () => {
    const { scores, details } = await score([
      'A small red star grows. A large blue cross bumps into the red star.',
      'A small red star grows.',
      'A blue cross bumps into the red star.',
      'A large red star blinks.',
      '',
    ]);
    expect(scores).toEqual([value(1), value(0.5), value(0.25), value(0), value(0)]);
    expect(details.completions[1]!.mentioned).toEqual([true, true, false, false]);
  });

  test('what a caption says both ways it does not mention', async () => {
    expect((await score(['A small red star grows. A large red star grows.'])).scores).toEqual([value(0.25)]);
  });

  test('costs one call a caption, and none without one', async () => {
    const judge = new RuleBasedJudge();
    expect((await score(['A star.', undefined, 'A cross.'], judge)).scores[1]).toEqual(value(0));
    expect(judge.usage.calls).toBe(2);
  });

  test('an answer that cannot be used is no number', async () => {
    const refusing = Object.assign(new RuleBasedJudge() as Judge, {
      findKeyPoints: async () => unscorable('the judge refused'),
    });
    expect((await score(['A star.'], refusing)).scores).toEqual([unscorable('the judge refused')]);
  });

  test('a sample without key points is unscorable, with what to do', async () => {
    const { keyPoints: _, ...of } = sample;
    const reason = 'Sample a has no key points; add some to the dataset, or leave reward.checklist out.';
    expect((await score(['A star.'], new RuleBasedJudge(), of)).scores).toEqual([unscorable(reason)]);
  });

  test('the rule-based judge says which key points it can read', async () => {
    const of = { ...sample, keyPoints: ['soft music plays'] };
    await expect(score(['A star.'], new RuleBasedJudge(), of)).rejects.toThrow(
      refusal('InvalidConfig', 'rule-based', 'key points', '"the red circle moves left"', '"soft music plays"', 'llm'),
    );
  });
});
