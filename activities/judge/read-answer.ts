import type { z } from 'zod';
import type { Reading } from './question.ts';

/** Servers without structured output wrap JSON in prose or code fences: what stands between the outermost braces counts. */
export function readJson<S extends z.ZodType>(text: string, shape: S): Reading<z.infer<S>> {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start) return { fault: 'it must be one JSON object' };
  try {
    const read = shape.safeParse(JSON.parse(text.slice(start, end + 1)));
    return read.success ? { answer: read.data } : { fault: 'it must have exactly the fields that were asked for' };
  } catch {
    return { fault: 'it must be valid JSON' };
  }
}
