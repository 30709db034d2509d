import { z } from 'zod';
import type { Identity } from '../../core/identity.ts';
import type { Prompt } from './prompt.ts';

/** How an answer ended, for questions to which a text that was cut off is an answer. */
export interface AnswerEnd {
  isCut: boolean;
  /** Of the answer, as the endpoint counts them. */
  tokens: number;
  /** Which version of the model has answered, as far as the endpoint says. */
  by?: Identity | undefined;
}

/** A picture or a video of a question, as OpenAI's chat API takes it. */
export type MediaPart =
  | { type: 'image_url'; image_url: { url: string } }
  /** vLLM's. */
  | { type: 'video_url'; video_url: { url: string } };

/**
 * What makes a question one about pictures: the pictures and the prompt are its one message, and any text is an answer,
 * also one that was cut off.
 */
export interface Showing {
  /** Made for every request, since they are large. `data` identifies them. */
  media(): Promise<readonly MediaPart[]>;
  /** How the answer's tokens are chosen, as fields of the request: `temperature`, `top_p`. */
  sampling: Readonly<Record<string, number>>;
  /** Of what is drawn. `data` has it too. */
  seed?: number | undefined;
}

/** What an answer says, or what is wrong with it, in words that the model may be shown. */
export type ParsedAnswer<T> = { answer: T } | { fault: string };

/**
 * One kind of question to a language model: its prompt, what is asked about, and which answers count. `data` is
 * untrusted (captions are model output): it travels as one JSON string in a message of its own, and what it says about
 * how to answer must not matter.
 */
export interface Question<T> {
  prompt: Prompt;
  /** The user message, as JSON. Of a question about pictures: what identifies them, which is not sent. */
  data: Readonly<Record<string, unknown>>;
  /** The answer's shape: flat, all fields required, which is what strict structured output takes. */
  shape: z.ZodType;
  /** Checks an answer's text beyond its shape (counts, indices against `data`), and gives what it says. Pure. */
  read(text: string, end?: AnswerEnd): ParsedAnswer<T>;
  showing?: Showing;
}

/** Not known yet, or cannot be known: the same two cases as in `core/score.ts`. */
const Pending = z.strictObject({ pending: z.literal(true) });
export const Unscorable = z.strictObject({ unscorable: z.literal(true), reason: z.string() });
export type Unscorable = z.infer<typeof Unscorable>;
export type Unknown = z.infer<typeof Pending> | Unscorable;

export type Outcome<T> = { answer: T } | Unknown;
