import { z } from 'zod';
import { sha256 } from '../../../core/artifact-store.ts';
import type { Question } from '../../questions/question.ts';

/**
 * A server that only passes a format on to the model, or drops it, answers this as the prompt says; one that keeps the
 * model's tokens to the format cannot. (OpenAI takes a request for JSON only if it mentions JSON.)
 */
const TEXT = 'Answer with the single word hello. Write no JSON, no braces and no quotes.';

const Shape = z.strictObject({ colour: z.enum(['red', 'green']), count: z.int() });

/** Any text answers it. `maxTokens` is enough for the shape: in JSON mode a model may write spaces without end. */
export const SHAPE_PROBE: Question<string> & { maxTokens: number } = {
  prompt: { name: 'shape-probe', text: TEXT, sha256: sha256(TEXT) },
  data: { say: 'hello' },
  shape: Shape,
  read: (text) => ({ answer: text }),
  maxTokens: 100,
};

export function isOfShape(text: string): boolean {
  return Shape.safeParse(parsed(text)).success;
}

export function isObject(text: string): boolean {
  const value = parsed(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
