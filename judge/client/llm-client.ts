import { z } from 'zod';
import { Identity } from '../../core/identity.ts';
import type { Outcome, Question, Unscorable } from '../questions/question.ts';
import type { JudgeUsage } from '../usage.ts';

/**
 * The language model as stages see it: an endpoint behind the ledger, so that each question is asked, and paid for,
 * once. A question that gets no answer because of the endpoint (network, overload, wrong key) throws a `JudgeError`;
 * one that the model will not or cannot answer is `unscorable`. Neither ever becomes an answer.
 */
export interface LlmClient {
  /** For reports: the model. */
  readonly name: string;
  readonly usage: JudgeUsage;
  /** The versions of the model that have given the answers so far, those from the ledger too; each once. */
  readonly answeredBy: Identity[];
  ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Outcome<T>>;
}

/** A language model that is asked anew each time. Throws a `JudgeError` for what is the endpoint's fault. */
export interface LlmEndpoint {
  /** For reports: the model. */
  readonly name: string;
  /** Everything besides a question that determines its answer: endpoint, model, prompt with its version, decoding. */
  identity(question: Question<unknown>): Record<string, string | number>;
  ask<T>(question: Question<T>, signal?: AbortSignal, observer?: AskObserver): Promise<Exchange<T>>;
}

/** Follows a question on its way to an endpoint. */
export interface AskObserver {
  /**
   * Its turn has come: its first request goes out when this resolves, and no request at all when it rejects. Gives the
   * answers that an earlier asker has paid for and could not use: the question goes on after them.
   */
  sending(): Promise<readonly PaidRequest[]>;
  /**
   * Its next request, the first among them, goes out when this resolves, and none when it rejects: the wait for a rate
   * limit may have been long.
   */
  requesting(): Promise<void>;
  /**
   * An answer has come that cannot be used, and it is asked for once more when this resolves. @param attempts all that
   * was paid for.
   */
  unusable(attempts: readonly PaidRequest[]): Promise<void>;
  /** A request that was perhaps paid for has brought no answer. */
  lost(): void;
}

/** A request that brought a text, and was paid for. */
export const PaidRequest = z.strictObject({
  text: z.string(),
  finishReason: z.string(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  /** Set where the endpoint counts no tokens, and the numbers are a quarter of the characters. */
  estimated: z.literal(true).optional(),
  seconds: z.number(),
  /** Which version of the model has answered: `model` and `fingerprint`, where the endpoint says them. */
  by: Identity.optional(),
});
export type PaidRequest = z.infer<typeof PaidRequest>;

/** How a question was settled: by the text of the last request, or not at all. */
export interface Exchange<T> {
  outcome: { answer: T } | Unscorable;
  attempts: PaidRequest[];
  /**
   * Where the outcome is kept; default the ledger. `run`: the server, not the model, has settled it, and may settle it
   * otherwise once it is started anew.
   */
  keep?: 'run';
  /** The endpoint has refused the question before the model read it. */
  unread?: true;
}
