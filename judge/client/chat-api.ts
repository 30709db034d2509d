import type { z } from 'zod';
import type { Identity } from '../../core/identity.ts';
import type { Prompt } from '../questions/prompt.ts';
import type { MediaPart, Showing, Unscorable } from '../questions/question.ts';
import type { ChatMessages } from './chat-messages.ts';
import type { JudgeFault } from './judge-error.ts';

export interface ChatRequest {
  messages: ChatMessages;
  /** The answer's shape, for providers that can hold a model to it. */
  shape: z.ZodType;
  /** Of the answer. */
  maxTokens: number;
}

/** A question about pictures: one message, the pictures first; any text is an answer. */
export interface PictureRequest extends Pick<Showing, 'sampling' | 'seed'> {
  media: readonly MediaPart[];
  text: string;
  /** Of the answer. */
  maxTokens: number;
}

/** A request that failed. `perhapsPaid`: the model may have answered, and the answer was lost on its way. */
export type FailedRequest = {
  fault: JudgeFault;
  perhapsPaid: boolean;
  /** It would perhaps not fail with a smaller `maxTokens`. */
  tooLong?: true;
};

/**
 * A request that the endpoint refuses because of its text: the model did not read it, and it cost nothing. `tooLong`:
 * for its length together with that of the answer asked for; the window is the server's and may change, so this is no
 * answer to keep. `unread`: by an error, in place of any answer of the model.
 */
export type RefusedRequest = Unscorable & { tooLong?: true; unread?: true };

/**
 * What came of one request: a text, a refusal to judge this question, or a failure. `retry-adjusted`: the model does
 * not take a field of the request; the same request is sent without it from now on, so send it again at once.
 */
export type ChatReply = ChatText | RefusedRequest | FailedRequest | 'retry-adjusted';

export interface ChatText {
  /** Without the key, should the endpoint repeat it. */
  text: string;
  /** `length` where the answer was cut off at `maxTokens`. */
  finishReason: string;
  /** Absent where the endpoint counts none. */
  tokens?: { input: number; output: number };
  /** Which version of the model has answered, as far as the endpoint says: `model`, `fingerprint`. */
  by?: Identity;
}

/**
 * A provider's API: it sends one request and says what came back. Retries, limits and questions are `ChatEndpoint`'s.
 */
export interface ChatApi {
  readonly model: string;
  /** The endpoint's address as messages and the ledger name it, without credentials. */
  readonly address: string;
  /** Everything besides the messages that determines an answer: it becomes part of the ledger's key. */
  identity(prompt: Prompt, showing?: Showing): Record<string, string | number>;
  /** Sends once. Rejects when `signal` aborts, and with errors that are not the endpoint's. */
  send(request: ChatRequest, signal: AbortSignal): Promise<ChatReply>;
  /** The same with pictures; absent where the provider takes none. */
  show?(request: PictureRequest, signal: AbortSignal): Promise<ChatReply>;
}
