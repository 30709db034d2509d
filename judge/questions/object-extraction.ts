import { z } from 'zod';
import { readJson } from '../client/read-answer.ts';
import { readUnits } from './event-extraction.ts';
import { readPrompt } from './prompts.ts';
import type { Question } from './question.ts';

const Answer = z.strictObject({ objects: z.array(z.string()) });

export const OBJECT_EXTRACTION = readPrompt('object-extraction.v1');

/** Which objects does `description` tell of? "There is ..." sentences, one attribute each, each once (CaReBench). */
export function objectExtraction(description: string): Question<string[]> {
  return {
    prompt: OBJECT_EXTRACTION,
    data: { description },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [description]);
      return 'fault' in read ? read : readUnits(read.answer.objects, 'objects');
    },
  };
}
