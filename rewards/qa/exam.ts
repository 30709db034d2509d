import { type RandomPath, shuffledAt } from '../../core/random.ts';
import type { ChoiceQuestion } from '../../core/sample.ts';

/** A question as it is put to the judge: `answer` is the index of the right option. */
export interface ExamQuestion {
  question: string;
  options: string[];
  answer: number;
}

/**
 * The questions that every completion of a group is asked: `draws` of a sample's questions, each question once before
 * any is drawn again, every draw with its options in an order of its own, so that a judge that prefers a position gains
 * nothing. A pure function of seed and path.
 */
export function drawExam(
  questions: readonly ChoiceQuestion[],
  draws: number,
  seed: number,
  path: RandomPath,
): ExamQuestion[] {
  const rounds = Math.ceil(draws / questions.length);
  const drawn = Array.from({ length: rounds }, (_, round) =>
    shuffledAt(questions, seed, [...path, 'questions', round]),
  ).flat();
  return drawn.slice(0, draws).map(({ question, options, answer }, draw) => {
    const shuffled = shuffledAt(options, seed, [...path, 'options', draw]);
    return { question, options: shuffled, answer: shuffled.indexOf(answer) };
  });
}
