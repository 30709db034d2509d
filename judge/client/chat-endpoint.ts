import pLimit, { type LimitFunction } from 'p-limit';
import type { LlmJudgeConfig } from '../judge-config.ts';
import type { ParsedAnswer, Question, Unscorable } from '../questions/question.ts';
import type { ChatApi, ChatReply, ChatText, FailedRequest } from './chat-api.ts';
import { type ChatMessages, messagesOf } from './chat-messages.ts';
import { CLOCK, type Clock } from './clock.ts';
import { JudgeError } from './judge-error.ts';
import type { AskObserver, Exchange, LlmEndpoint, PaidRequest } from './llm-client.ts';
import { type RateLimit, sharedRateLimit } from './rate-limit.ts';
import { LONGEST_ANSWER } from './read-answer.ts';
import { RequestDeadline } from './request-deadline.ts';

/** An answer that cannot be used is asked for once more, with a note of what was wrong. */
const ATTEMPTS = 2;
/** Requests for one answer while the endpoint fails; a fault that lasts longer is thrown, and the stage is retried. */
const TRIES = 3;
const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 5000;
/** The usual estimate, where an endpoint does not count. */
const CHARACTERS_PER_TOKEN = 4;

type ChatEndpointConfig = Pick<
  LlmJudgeConfig,
  'concurrency' | 'timeoutSeconds' | 'maxTokens' | 'requestsPerMinute' | 'tokensPerMinute'
>;

/**
 * Puts questions to a provider's API: so many at a time, within the rate limits, each until it has an answer or none
 * that can be used.
 *
 * Retries a failed request after a few short pauses. A longer fault throws a `JudgeError`; after one that a person must
 * remedy, or after as many faults in a row as questions are asked at once, the questions still waiting for their turn
 * are not sent. Cancelled, it sends nothing more, and gives answers on their way ten seconds to arrive.
 */
export class ChatEndpoint implements LlmEndpoint {
  readonly name: string;
  readonly #api: ChatApi;
  readonly #config: ChatEndpointConfig;
  readonly #clock: Clock;
  readonly #tries: number;
  readonly #turns: LimitFunction;
  readonly #rate: RateLimit;
  /** Why nothing more is sent. */
  #stopped: JudgeError | undefined;
  #faultsInARow = 0;
  /** Mean length of answers so far, later ones counting more: the token limit needs an estimate. */
  #outputTokens: number | undefined;

  /** @param tries requests for one answer while the endpoint fails. */
  constructor(api: ChatApi, config: ChatEndpointConfig, { clock = CLOCK, tries = TRIES } = {}) {
    this.name = api.model;
    this.#api = api;
    this.#config = config;
    this.#clock = clock;
    this.#tries = tries;
    this.#turns = pLimit(config.concurrency);
    this.#rate = sharedRateLimit(`${api.address} ${api.model}`, clock);
  }

  identity({ prompt }: Question<unknown>): Record<string, string | number> {
    return this.#api.identity(prompt);
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal, observer?: AskObserver): Promise<Exchange<T>> {
    return this.#turns(async () => {
      this.#checkOpen(signal);
      await observer?.sending();
      const attempts: PaidRequest[] = [];
      try {
        return await this.#exchange(question, attempts, signal, observer);
      } catch (error) {
        // The first answer was paid for and could not be used; the second never came.
        if (attempts.length > 0) observer?.lost();
        throw error;
      }
    });
  }

  /** Asks until there is an answer, or none that can be used. `attempts` gets what is paid for. */
  async #exchange<T>(
    question: Question<T>,
    attempts: PaidRequest[],
    signal: AbortSignal | undefined,
    observer: AskObserver | undefined,
  ): Promise<Exchange<T>> {
    let note = '';
    let maxTokens = this.#config.maxTokens;
    for (;;) {
      const reply = await this.#request(question, note, maxTokens, signal, observer);
      if ('unscorable' in reply) return { outcome: reply, attempts };
      attempts.push(reply);
      const cutOff = reply.finishReason === 'length';
      const parsed: ParsedAnswer<T> = cutOff ? { fault: 'it was too long' } : question.read(reply.text);
      if ('answer' in parsed) return { outcome: parsed, attempts };
      if (attempts.length === ATTEMPTS)
        return {
          outcome: { unscorable: true, reason: `the judge's answer cannot be used: ${parsed.fault}` },
          attempts,
        };
      note = `\n\nYour last answer could not be used: ${parsed.fault}. Answer again, with the JSON object only.`;
      if (cutOff) maxTokens *= 2;
    }
  }

  /** One request, and a few more while the endpoint fails. */
  async #request(
    question: Question<unknown>,
    note: string,
    maxTokens: number,
    signal: AbortSignal | undefined,
    observer: AskObserver | undefined,
  ): Promise<PaidRequest | Unscorable> {
    for (let tries = 1; ; tries++) {
      const reply = await this.#sendInTurn(question, note, maxTokens, signal, observer);
      if (!('fault' in reply)) {
        this.#faultsInARow = 0;
        return reply;
      }
      const { fault, perhapsPaid } = reply;
      if (fault.kind === 'blocked') throw this.#stop(new JudgeError(fault));
      if (perhapsPaid) observer?.lost();
      signal?.throwIfAborted();
      const pause =
        fault.retryAfterMilliseconds ?? FIRST_PAUSE_MILLISECONDS * 4 ** (tries - 1) * (0.75 + Math.random() / 2);
      if (pause > LONGEST_PAUSE_MILLISECONDS || ++this.#faultsInARow >= Math.max(TRIES, this.#config.concurrency))
        throw this.#stop(new JudgeError(fault));
      if (tries >= this.#tries) throw new JudgeError(fault);
      await this.#clock.sleep(pause, signal);
    }
  }

  async #sendInTurn(
    question: Question<unknown>,
    note: string,
    maxTokens: number,
    signal: AbortSignal | undefined,
    observer: AskObserver | undefined,
  ): Promise<PaidRequest | Unscorable | FailedRequest> {
    const messages = messagesOf(question, note);
    const { requestsPerMinute, tokensPerMinute } = this.#config;
    const promptTokens = estimatedTokens(messages.reduce((sum, { content }) => sum + content.length, 0));
    const load = { requestsPerMinute, tokensPerMinute, tokens: promptTokens + (this.#outputTokens ?? maxTokens) };
    for (;;) {
      await this.#rate.turn(load, signal);
      this.#checkOpen(signal);
      await observer?.requesting();
      const started = performance.now();
      const reply = await this.#send(messages, question, maxTokens, signal);
      if (reply === 'retry-adjusted') continue;
      if (!('text' in reply)) return reply;
      const paid = paidRequest(reply, promptTokens, (performance.now() - started) / 1000);
      this.#outputTokens = 0.9 * (this.#outputTokens ?? paid.outputTokens) + 0.1 * paid.outputTokens;
      if (!paid.estimated) this.#rate.correct(load, paid.inputTokens + paid.outputTokens);
      return paid;
    }
  }

  async #send(
    messages: ChatMessages,
    { shape }: Question<unknown>,
    maxTokens: number,
    signal: AbortSignal | undefined,
  ): Promise<ChatReply> {
    const deadline = new RequestDeadline(this.#config.timeoutSeconds, signal);
    try {
      return await this.#api.send({ messages, shape, maxTokens }, deadline.signal);
    } catch (error) {
      if (deadline.passed === undefined) throw error;
      const what =
        deadline.passed === 'grace'
          ? 'was cut off'
          : `did not answer within ${this.#config.timeoutSeconds} s (judge.timeoutSeconds)`;
      return {
        fault: { kind: 'unavailable', sentence: `The judge at ${this.#api.address} ${what}` },
        perhapsPaid: true,
      };
    } finally {
      deadline.end();
    }
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#stopped) throw this.#stopped;
  }

  #stop(error: JudgeError): JudgeError {
    this.#stopped ??= error;
    return error;
  }
}

/**
 * Where the endpoint counts no tokens, they are estimated from the length of both texts, so that a budget in USD holds
 * all the same.
 */
function paidRequest({ text, finishReason, tokens }: ChatText, promptTokens: number, seconds: number): PaidRequest {
  return {
    // One character more than can be read is enough to know that it cannot.
    text: text.slice(0, LONGEST_ANSWER + 1),
    finishReason,
    ...(tokens
      ? { inputTokens: tokens.input, outputTokens: tokens.output }
      : { inputTokens: promptTokens, outputTokens: estimatedTokens(text.length), estimated: true }),
    seconds,
  };
}

function estimatedTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
