import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawExam } from '../../../../rewards/qa/exam.ts';

const question = (name: string, count: number) => {
  const options = Array.from({ length: count }, (_, i) => `${name}${i}`);
  return { question: `Which ${name}?`, options, answer: options[0]! };
};
const QUESTIONS = [question('a', 4), question('b', 3), question('c', 8)];

test('every question is drawn once before any is drawn again', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), (seed, draws) => {
      const drawn = drawExam(QUESTIONS, draws, seed, ['r']).map((one) => one.question);
      expect(drawn).toHaveLength(draws);
      const times = QUESTIONS.map((one) => drawn.filter((name) => name === one.question).length);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
    }),
  );
});

test('the options of a draw are those of the question, and its answer is where the right one went', () => {
  for (const { question, options, answer } of drawExam(QUESTIONS, 12, 5, ['r'])) {
    const original = QUESTIONS.find((one) => one.question === question)!;
    expect(options.toSorted()).toEqual(original.options.toSorted());
    expect(options[answer]).toBe(original.answer);
  }
});

test('the same place draws the same, another one another order', () => {
  expect(drawExam(QUESTIONS, 8, 1, [3, 0])).toEqual(drawExam(QUESTIONS, 8, 1, [3, 0]));
  expect(drawExam(QUESTIONS, 8, 1, [3, 0])).not.toEqual(drawExam(QUESTIONS, 8, 1, [4, 0]));
  expect(drawExam(QUESTIONS, 8, 1, [3, 0])).not.toEqual(drawExam(QUESTIONS, 8, 2, [3, 0]));
});

test('a judge that always chooses one position earns what guessing earns', () => {
  const answers = Array.from({ length: 2000 }, (_, step) => drawExam([question('a', 4)], 1, 1, [step])[0]!.answer);
  for (const position of [0, 1, 2, 3]) {
    const share = answers.filter((answer) => answer === position).length / answers.length;
    // Four standard deviations of a share of 1/4 among 2000.
    expect(Math.abs(share - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 2000));
  }
});
