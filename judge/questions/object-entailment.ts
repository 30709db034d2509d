import type { Verdict } from '../verdict.ts';
import { readVerdicts, verdictsShape } from './event-entailment.ts';
import { readPrompt } from './prompts.ts';
import type { Question } from './question.ts';

export const OBJECT_ENTAILMENT = readPrompt('object-entailment.v1');

/** Does `description` tell of these objects? One verdict each, in the objects' order (CaReBench, one call for the whole list). */
export function objectEntailment(description: string, objects: readonly string[]): Question<Verdict[]> {
  return {
    prompt: OBJECT_ENTAILMENT,
    data: { description, objects: objects.map((object, i) => ({ index: i + 1, object })) },
    shape: verdictsShape(objects.length),
    read: (text) => readVerdicts(text, objects.length, [description, ...objects]),
  };
}
