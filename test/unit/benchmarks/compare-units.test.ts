import { describe, expect, test } from 'vitest';
import { compareUnits, type UnitQuestions } from '../../../benchmarks/compare-units.ts';
import type { Outcome } from '../../../judge/questions/question.ts';
import type { Verdict } from '../../../judge/verdict.ts';

/** Units of a text are its sentences; a text entails the units that it contains, and says nothing of others. */
function sentences() {
  const asked: string[] = [];
  const questions: UnitQuestions = {
    extract: async (text) => {
      asked.push(`extract: ${text}`);
      return { answer: text.split('.').flatMap((unit) => unit.trim() || []) };
    },
    entail: async (text, units) => {
      asked.push(`entail: ${text} <- ${units.join(' | ')}`);
      return { answer: units.map((unit): Verdict => (text.includes(unit) ? 'entailment' : 'neutral')) };
    },
  };
  return { asked, questions };
}

const scores = (outcome: Outcome<{ recall: number; precision: number }>) =>
  'answer' in outcome ? { recall: outcome.answer.recall, precision: outcome.answer.precision } : outcome;

describe('compareUnits', () => {
  test('recall over what the reference has, precision over what the caption tells: 1 of 2 and 1 of 3', async () => {
    const outcome = await compareUnits(sentences().questions, 'a runs. c sits. d falls.', {
      caption: 'a runs. b jumps.',
      units: undefined,
    });
    expect(outcome).toEqual({
      answer: {
        recall: 1 / 2,
        precision: 1 / 3,
        reference: ['a runs', 'b jumps'],
        verdicts: ['entailment', 'neutral'],
        claims: ['a runs', 'c sits', 'd falls'],
        claimVerdicts: ['entailment', 'neutral', 'neutral'],
      },
    });
  });

  test("the file's units stay as they are; texts become lower case, single-quoted for extraction", async () => {
    const { asked, questions } = sentences();
    await compareUnits(questions, 'A man says "Hi".', { caption: 'The "Man" Speaks.', units: ['Man Speaks'] });
    expect(asked.sort()).toEqual([
      `entail: a man says "hi". <- Man Speaks`,
      `entail: the "man" speaks. <- a man says 'hi'`,
      `extract: a man says 'hi'.`,
    ]);
  });

  test.each([
    ['no units in the reference: the empty list gives 1', 'a runs.', [], { recall: 1, precision: 0 }],
    ['no units in the caption: the empty list gives 1', '...', ['b jumps'], { recall: 0, precision: 1 }],
    ['no units at all', '...', [], { recall: 1, precision: 1 }],
    ['all neutral: R = P = 0', 'a runs.', ['b jumps'], { recall: 0, precision: 0 }],
  ])('%s', async (_, caption, units, expected) => {
    const outcome = await compareUnits(sentences().questions, caption, { caption: 'nothing of the kind.', units });
    expect(scores(outcome)).toEqual(expected);
  });

  test('empty lists are not asked about', async () => {
    const { asked, questions } = sentences();
    await compareUnits(questions, '...', { caption: 'still.', units: [] });
    expect(asked).toEqual(['extract: ...']);
  });

  test('contradiction counts no more than neutral', async () => {
    const questions: UnitQuestions = {
      extract: async () => ({ answer: ['x', 'y'] }),
      entail: async () => ({ answer: ['contradiction', 'neutral'] }),
    };
    const outcome = await compareUnits(questions, 'c', { caption: 'r', units: ['x', 'y'] });
    expect(scores(outcome)).toEqual({ recall: 0, precision: 0 });
  });

  test.each(['extract', 'entail'] as const)('without an answer to %s there is no score, not 0', async (which) => {
    const no = { unscorable: true as const, reason: 'the judge refused to answer' };
    const questions = { ...sentences().questions, [which]: async () => no };
    expect(await compareUnits(questions, 'a runs.', { caption: 'a runs.', units: undefined })).toEqual(no);
  });

  test('a failure waits for answers that are on their way: they are paid for', async () => {
    let arrived = false;
    const questions: UnitQuestions = {
      extract: async (text) => {
        if (text === 'c') throw new Error('down');
        await new Promise((resolve) => setImmediate(resolve));
        arrived = true;
        return { answer: [] };
      },
      entail: async () => ({ answer: [] }),
    };
    await expect(compareUnits(questions, 'c', { caption: 'r', units: undefined })).rejects.toThrow('down');
    expect(arrived).toBe(true);
  });
});
