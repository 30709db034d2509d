import { z } from 'zod';
import type { JudgeUsage } from '../usage.ts';
import type { Prompt } from './prompts.ts';

/** A reading of an answer, or what is wrong with it, in words that the model may be shown. */
export type Reading<T> = { answer: T } | { fault: string };

/**
 * One kind of question to a language model: its prompt, what is asked about, and which answers count. `data` is untrusted
 * (captions are model output): it travels as one JSON string in a message of its own, and what it says about how to
 * answer must not matter.
 */
export interface Question<T> {
  prompt: Prompt;
  /** The user message, as JSON. */
  data: Readonly<Record<string, unknown>>;
  /** The answer's shape: flat, all fields required, which is what strict structured output takes. */
  shape: z.ZodType;
  /** Checks an answer's text beyond its shape (counts, indices against `data`), and gives what it says. Pure. */
  read(text: string): Reading<T>;
}

/** Not known yet, or not to be known: the same two cases as in `core/score.ts`. */
export const Pending = z.strictObject({ pending: z.literal(true) });
export const Unscorable = z.strictObject({ unscorable: z.literal(true), reason: z.string() });
export type Unscorable = z.infer<typeof Unscorable>;
export type Unknown = z.infer<typeof Pending> | Unscorable;

export type Outcome<T> = { answer: T } | Unknown;

/** One request and what came back: what was paid for. */
export const Attempt = z.strictObject({
  text: z.string(),
  finishReason: z.string(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Set where the endpoint counts no tokens, and the numbers are a quarter of the characters. */
  estimated: z.literal(true).optional(),
  seconds: z.number(),
});
export type Attempt = z.infer<typeof Attempt>;

/** How a question was settled: by the text of the last attempt, or not at all. */
export interface Exchange<T> {
  outcome: { answer: T } | Unscorable;
  attempts: Attempt[];
}

/** Follows a question on its way to an endpoint. */
export interface Watch {
  /** Its turn has come: its first request goes out when this is done, and not at all when this throws. */
  sending(): Promise<void>;
  /** A request that was perhaps paid for has brought no answer. */
  lost(): void;
}

/** A language model that can be asked, each time anew. Throws a `VideocapError` for what is the endpoint's fault. */
export interface Endpoint {
  /** For reports. */
  readonly name: string;
  /** Everything besides a question that determines its answer: endpoint, model, prompt with its version, decoding. */
  identity(question: Question<unknown>): Record<string, string | number>;
  ask<T>(question: Question<T>, signal?: AbortSignal, watch?: Watch): Promise<Exchange<T>>;
}

/**
 * Whoever is asked by the stages: an endpoint behind the ledger. A question that gets no answer because of the endpoint's
 * side (network, overload, wrong key) throws a `VideocapError`; one that the model will not or cannot answer is
 * `unscorable`. Neither ever becomes an answer.
 */
export interface Asker {
  readonly name: string;
  readonly usage: JudgeUsage;
  ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Outcome<T>>;
}
