import { z } from 'zod';
import { readJson } from '../../judge/client/read-answer.ts';
import { readVerdicts, verdictsShape } from '../../judge/questions/event-entailment.ts';
import { type ReadUnits, readUnits } from '../../judge/questions/event-extraction.ts';
import { readPrompt } from '../../judge/questions/prompt.ts';
import type { Question } from '../../judge/questions/question.ts';
import type { Verdict } from '../../judge/verdict.ts';

const PROMPTS = new URL('./prompts/', import.meta.url);

const Answer = z.strictObject({ objects: z.array(z.string()) });

export const OBJECT_EXTRACTION = readPrompt('object-extraction.v1', PROMPTS);

/**
 * Extracts the objects of `description`. "There is ..." sentences, one attribute each, each once (CaReBench). `keep`
 * says what is kept of the list.
 */
export function objectExtraction(description: string, keep: ReadUnits = readUnits): Question<string[]> {
  return {
    prompt: OBJECT_EXTRACTION,
    data: { description },
    shape: Answer,
    read(text) {
      const read = readJson(text, Answer, [description]);
      return 'fault' in read ? read : keep(read.answer.objects, 'objects');
    },
  };
}

export const OBJECT_ENTAILMENT = readPrompt('object-entailment.v1', PROMPTS);

/**
 * Whether `description` entails these objects. One verdict each, in the objects' order (CaReBench, one call for the
 * whole list).
 */
export function objectEntailment(description: string, objects: readonly string[]): Question<Verdict[]> {
  return {
    prompt: OBJECT_ENTAILMENT,
    data: { description, objects: objects.map((object, i) => ({ index: i + 1, object })) },
    shape: verdictsShape(objects.length),
    read: (text) => readVerdicts(text, objects.length, [description, ...objects]),
  };
}
