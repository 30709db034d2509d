import { z } from 'zod';
import { ChoiceQuestion, ChoiceQuestions } from '../../core/sample.ts';
import { readJson } from '../client/read-answer.ts';
import { readPrompt } from './prompt.ts';
import type { Question } from './question.ts';

/** What a model is held to write; what a sample may have (`ChoiceQuestion`) is stricter, and is checked afterwards. */
const Answer = z.strictObject({
  questions: z.array(z.strictObject({ question: z.string(), options: z.array(z.string()), answer: z.string() })),
});

const QUESTION_WRITING = readPrompt('question-writing.v1');

/** Which multiple-choice questions does `caption` answer? A sample's `questions`. */
export function questionWriting(caption: string): Question<{ questions: ChoiceQuestion[] }> {
  return {
    prompt: QUESTION_WRITING,
    data: { caption },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [caption]);
      if ('fault' in read) return read;
      const { questions } = read.answer;
      if (questions.some((question) => !ChoiceQuestion.safeParse(question).success))
        return { fault: 'every question must have 2 to 8 short options that differ, and one of them as its answer' };
      const checked = ChoiceQuestions.safeParse(questions);
      return checked.success
        ? { answer: { questions: checked.data } }
        : { fault: 'it must have at least one question, and at most 50' };
    },
  };
}
