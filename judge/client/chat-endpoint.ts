import pLimit, { type LimitFunction } from 'p-limit';
import type { LlmJudgeConfig } from '../judge-config.ts';
import type { ParsedAnswer, Question } from '../questions/question.ts';
import { afterThinking } from './after-thinking.ts';
import type { ChatApi, ChatReply, ChatText, FailedRequest, RefusedRequest } from './chat-api.ts';
import { type ChatMessages, messagesOf } from './chat-messages.ts';
import { CLOCK, type Clock } from './clock.ts';
import { JudgeError, type JudgeFault } from './judge-error.ts';
import type { AskObserver, Exchange, LlmEndpoint, PaidRequest } from './llm-client.ts';
import { LONGEST_PAUSE, type RateLimit, sharedRateLimit } from './rate-limit.ts';
import { LONGEST_ANSWER } from './read-answer.ts';
import { RequestDeadline } from './request-deadline.ts';

/** An answer that cannot be used is asked for once more, with a note of what was wrong. */
const ATTEMPTS = 2;
/** Requests for one answer while the endpoint fails; a fault that lasts longer is thrown, and the stage is retried. */
const TRIES = 3;
const FIRST_PAUSE_MILLISECONDS = 250;
/** The usual estimate, where an endpoint does not count. */
const CHARACTERS_PER_TOKEN = 4;

type ChatEndpointConfig = Pick<
  LlmJudgeConfig,
  'concurrency' | 'timeoutSeconds' | 'maxTokens' | 'requestsPerMinute' | 'tokensPerMinute'
>;

/**
 * Asks questions of a provider's API: at most `concurrency` at a time, within the rate limits, each until it has an
 * answer or it is clear that it gets none.
 *
 * Retries a failed request after a few short pauses. A longer fault throws a `JudgeError`; after one that a person must
 * remedy, or after faults at as many questions in a row as are asked at once, the questions still waiting for their
 * turn are not sent. Cancelled, it sends nothing more, and gives answers on their way ten seconds to arrive.
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
  /** Questions that have met a fault since the last answer: one that always fails does not stop the others. */
  readonly #failing = new Set<Question<unknown>>();
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

  identity({ prompt, showing }: Question<unknown>): Record<string, string | number> {
    return this.#api.identity(prompt, showing);
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal, observer?: AskObserver): Promise<Exchange<T>> {
    return this.#turns(async () => {
      this.#checkOpen(signal);
      const attempts = [...((await observer?.sending()) ?? [])];
      return this.#exchange(question, attempts, signal, observer);
    });
  }

  /** Asks until there is an answer, or none that can be used. `attempts` has what is paid for already. */
  async #exchange<T>(
    question: Question<T>,
    attempts: PaidRequest[],
    signal: AbortSignal | undefined,
    observer: AskObserver | undefined,
  ): Promise<Exchange<T>> {
    let roomy = true;
    for (;;) {
      const last = attempts.at(-1);
      const parsed = last && readAttempt(last, question);
      if (parsed && 'answer' in parsed) return { outcome: parsed, attempts };
      if (parsed && attempts.length >= ATTEMPTS) return { outcome: unusable(parsed.fault), attempts };
      if (parsed) await observer?.unusable(attempts);
      const note = parsed
        ? `\n\nYour last answer could not be used: ${parsed.fault}. Answer again, with the JSON object only.`
        : '';
      const doubled = roomy && last !== undefined && isCutOff(last) && !question.showing;
      const maxTokens = this.#config.maxTokens * (doubled ? 2 : 1);
      const reply = await this.#request(
        question,
        { note, maxTokens, isRepeat: parsed !== undefined },
        signal,
        observer,
      );
      if ('text' in reply) attempts.push(reply);
      // The longer answer that is asked for here, or the note, may be what does not fit.
      else if (parsed && reply.tooLong && doubled) roomy = false;
      else if (parsed && reply.tooLong) return { outcome: unusable(parsed.fault), attempts };
      else if ('unscorable' in reply) {
        const { reason, tooLong, unread } = reply;
        const more = { ...(tooLong && { keep: 'run' as const }), ...(unread && { unread }) };
        return { outcome: { unscorable: true, reason }, attempts, ...more };
      }
    }
  }

  /**
   * One request, and a few more while the endpoint fails. Only of a repetition, which asks for more, is a fault given
   * that is due to the length.
   */
  async #request(
    question: Question<unknown>,
    { note, maxTokens, isRepeat }: { note: string; maxTokens: number; isRepeat: boolean },
    signal: AbortSignal | undefined,
    observer: AskObserver | undefined,
  ): Promise<PaidRequest | RefusedRequest | (FailedRequest & { tooLong: true })> {
    for (let tries = 1; ; tries++) {
      const reply = await this.#sendInTurn(question, note, maxTokens, signal, observer);
      if (!('fault' in reply)) {
        this.#failing.clear();
        return reply;
      }
      const { fault, perhapsPaid, tooLong } = reply;
      if (tooLong && isRepeat) return { ...reply, tooLong };
      if (fault.kind === 'blocked') throw this.#stop(fault);
      if (perhapsPaid) observer?.lost();
      signal?.throwIfAborted();
      this.#failing.add(question);
      const pause =
        fault.retryAfterMilliseconds ?? FIRST_PAUSE_MILLISECONDS * 4 ** (tries - 1) * (0.75 + Math.random() / 2);
      if (fault.fewerRequests) this.#rate.hold(pause, fault);
      if (pause > LONGEST_PAUSE || this.#failing.size >= Math.max(TRIES, this.#config.concurrency))
        throw this.#stop(fault);
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
  ): Promise<PaidRequest | RefusedRequest | FailedRequest> {
    const messages = messagesOf(question, note);
    const { requestsPerMinute, tokensPerMinute } = this.#config;
    const promptTokens = estimatedTokens(messages.reduce((sum, { content }) => sum + content.length, 0));
    const load = { requestsPerMinute, tokensPerMinute, tokens: promptTokens + (this.#outputTokens ?? maxTokens) };
    for (;;) {
      const started = await this.#rate.turn(load, signal);
      this.#checkOpen(signal);
      await observer?.requesting();
      const sent = performance.now();
      const reply = await this.#send(messages, question, maxTokens, signal);
      if (reply === 'retry-adjusted') continue;
      if (!('text' in reply)) return reply;
      const paid = paidRequest(reply, promptTokens, (performance.now() - sent) / 1000);
      this.#outputTokens = 0.9 * (this.#outputTokens ?? paid.outputTokens) + 0.1 * paid.outputTokens;
      if (!paid.estimated) this.#rate.correct(load, started, paid.inputTokens + paid.outputTokens);
      return paid;
    }
  }

  async #send(
    messages: ChatMessages,
    { prompt, shape, showing }: Question<unknown>,
    maxTokens: number,
    signal: AbortSignal | undefined,
  ): Promise<ChatReply> {
    const media = await showing?.media();
    const deadline = new RequestDeadline(this.#config.timeoutSeconds, signal);
    try {
      if (!showing || !media) return await this.#api.send({ messages, shape, maxTokens }, deadline.signal);
      if (!this.#api.show) throw new Error('The provider takes no pictures.');
      const { sampling, seed } = showing;
      return await this.#api.show({ media, text: prompt.text, sampling, seed, maxTokens }, deadline.signal);
    } catch (error) {
      if (deadline.passed === undefined) throw error;
      const what =
        deadline.passed === 'grace'
          ? 'was cut off'
          : `did not answer within ${this.#config.timeoutSeconds} s (judge.timeoutSeconds)`;
      return {
        fault: {
          kind: 'unavailable',
          sentence: `The judge at ${this.#api.address} ${what}`,
          ...(deadline.passed === 'timeout' && { perhapsOneQuestion: true }),
        },
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

  /** The error for the question that met the fault; for those not sent yet, it is not their own. */
  #stop(fault: JudgeFault): JudgeError {
    this.#stopped ??= new JudgeError(ofAll(fault));
    return new JudgeError(fault);
  }
}

function ofAll(fault: JudgeFault): JudgeFault {
  if (fault.kind === 'blocked') return fault;
  const { perhapsOneQuestion: _, ...rest } = fault;
  return rest;
}

function readAttempt<T>(attempt: PaidRequest, question: Question<T>): ParsedAnswer<T> {
  const { text, outputTokens: tokens, by } = attempt;
  const isCut = isCutOff(attempt);
  if (!isCut || (question.showing && !isThinking(attempt))) return question.read(text, { isCut, tokens, by });
  return { fault: isThinking(attempt) ? 'it ended before its thinking did' : 'it was too long' };
}

/** Whether the answer stopped at its token limit. */
function isCutOff({ finishReason }: PaidRequest): boolean {
  return finishReason === 'length';
}

/** Whether the model wrote nothing but thinking, which the endpoint may hide. */
function isThinking({ text }: PaidRequest): boolean {
  return afterThinking(text).trim() === '';
}

function unusable(fault: string) {
  return { unscorable: true, reason: `the judge's answer cannot be used: ${fault}` } as const;
}

/**
 * Where the endpoint counts no tokens, they are estimated from the length of both texts, so that a budget in USD holds
 * all the same.
 */
function paidRequest({ text, finishReason, tokens, by }: ChatText, promptTokens: number, seconds: number): PaidRequest {
  return {
    // One character over the limit is enough to show that the text cannot be read.
    text: text.slice(0, LONGEST_ANSWER + 1),
    finishReason,
    ...(tokens
      ? { inputTokens: tokens.input, outputTokens: tokens.output }
      : { inputTokens: promptTokens, outputTokens: estimatedTokens(text.length), estimated: true }),
    seconds,
    ...(by && { by }),
  };
}

function estimatedTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
