import { z } from 'zod';
import type { Prompt } from './prompt.ts';

/** What an answer says, or what is wrong with it, in words that the model may be shown. */
export type ParsedAnswer<T> = { answer: T } | { fault: string };

/**
 * One kind of question to a language model: its prompt, what is asked about, and which answers count. `data` is
 * untrusted (captions are model output): it travels as one JSON string in a message of its own, and what it says about
 * how to answer must not matter.
 */
export interface Question<T> {
  prompt: Prompt;
  /** The user message, as JSON. */
  data: Readonly<Record<string, unknown>>;
  /** The answer's shape: flat, all fields required, which is what strict structured output takes. */
  shape: z.ZodType;
  /** Checks an answer's text beyond its shape (counts, indices against `data`), and gives what it says. Pure. */
  read(text: string): ParsedAnswer<T>;
}

/** Not known yet, or cannot be known: the same two cases as in `core/score.ts`. */
const Pending = z.strictObject({ pending: z.literal(true) });
export const Unscorable = z.strictObject({ unscorable: z.literal(true), reason: z.string() });
export type Unscorable = z.infer<typeof Unscorable>;
export type Unknown = z.infer<typeof Pending> | Unscorable;

export type Outcome<T> = { answer: T } | Unknown;
