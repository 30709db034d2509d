import OpenAI from 'openai';
import pLimit, { type LimitFunction } from 'p-limit';
import { VideocapError } from '../../core/errors.ts';
import type { JudgeConfig } from '../judge-config.ts';
import type { Attempt, Endpoint, Exchange, Question, Reading, Unscorable, Watch } from '../questions/question.ts';
import { estimatedTokens, readChatReply } from './chat-reply.ts';
import { messagesOf, responseFormat } from './chat-request.ts';
import { classifyFailure, isSecret, withoutCredentials } from './classify-failure.ts';
import { CLOCK, type Clock } from './clock.ts';
import { type Dialect, sharedDialect } from './dialect.ts';
import { afterGrace } from './grace.ts';
import { type RateLimit, sharedRateLimit } from './rate-limit.ts';

export type OpenAiJudgeConfig = Extract<JudgeConfig, { kind: 'openai' }>;

/** An answer that is no answer is asked for once more, with a note of what was wrong. */
const ATTEMPTS = 2;
/** A hiccup of the endpoint is sat out here; what lasts longer is left to whoever runs this. */
const TRIES = 3;
const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 5000;

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;
type Reply = Attempt | Unscorable | { fault: VideocapError; perhapsPaid: boolean };

/**
 * An LLM behind any OpenAI-compatible endpoint. One request a question, temperature 0 where the model takes one. The untrusted text travels as a JSON
 * string in a message of its own, so it cannot end where it should not.
 *
 * Sits out hiccups of the endpoint with a few short pauses. A longer fault throws `Unavailable`, one that a person must mend
 * `JudgeBlocked`; after the latter, or after as many faults in a row as questions are asked at once, those still waiting for
 * their turn are not sent. Cancelled, it sends nothing more, and gives answers on their way ten seconds to arrive.
 */
export class OpenAiEndpoint implements Endpoint {
  readonly name: string;
  readonly #config: OpenAiJudgeConfig;
  readonly #client: OpenAI;
  readonly #apiKey: string;
  readonly #clock: Clock;
  readonly #tries: number;
  readonly #turns: LimitFunction;
  readonly #rate: RateLimit;
  readonly #dialect: Dialect;
  /** Why nothing more is sent. */
  #stopped: VideocapError | undefined;
  #faultsInARow = 0;
  /** Mean length of answers so far, later ones counting more: the token limit needs an estimate. */
  #outputTokens: number | undefined;

  /** @throws VideocapError `JudgeBlocked` when the environment variable of the key is not set. */
  constructor(config: OpenAiJudgeConfig, env: NodeJS.ProcessEnv = process.env, clock: Clock = CLOCK, tries = TRIES) {
    const apiKey = env[config.apiKeyEnv];
    if (!apiKey)
      throw new VideocapError(
        'JudgeBlocked',
        `The environment variable ${config.apiKeyEnv} (judge.apiKeyEnv) is not set where the worker runs. Start the worker ` +
          'with the key of the judge endpoint in it, or with any text if the endpoint asks for none, then `videocap resume`.',
      );
    this.#config = config;
    this.#apiKey = apiKey;
    this.#clock = clock;
    this.#tries = tries;
    this.name = config.model;
    this.#turns = pLimit(config.concurrency);
    const shared = `${withoutCredentials(config.baseUrl)} ${config.model}`;
    this.#rate = sharedRateLimit(shared, clock);
    this.#dialect = sharedDialect(shared);
    this.#client = new OpenAI({
      apiKey,
      baseURL: config.baseUrl,
      maxRetries: 0,
      timeout: config.timeoutSeconds * 1000,
      // Its debug log would print prompts.
      logLevel: 'off',
    });
  }

  /** Fields of a request that the model has refused, and is asked without: `temperature`, `max_tokens`. */
  get refused(): string[] {
    return [...this.#dialect.refused];
  }

  /** What an answer is asked for by: the same whether or not the model takes a temperature. */
  identity({ prompt }: Question<unknown>): Record<string, string | number> {
    return {
      endpoint: withoutCredentials(this.#config.baseUrl),
      model: this.#config.model,
      prompt: prompt.name,
      promptSha256: prompt.sha256,
      temperature: 0,
      maxTokens: this.#config.maxTokens,
      answerFormat: this.#config.answerFormat,
    };
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal, watch?: Watch): Promise<Exchange<T>> {
    return this.#turns(async () => {
      this.#mayGo(signal);
      await watch?.sending();
      const attempts: Attempt[] = [];
      try {
        return await this.#exchange(question, attempts, signal, watch);
      } catch (error) {
        // Paid for, and no use to anyone.
        if (attempts.length > 0) watch?.lost();
        throw error;
      }
    });
  }

  /** Asks until there is an answer, or none that can be used. `attempts` gets what is paid for. */
  async #exchange<T>(
    question: Question<T>,
    attempts: Attempt[],
    signal: AbortSignal | undefined,
    watch: Watch | undefined,
  ): Promise<Exchange<T>> {
    let note = '';
    let maxTokens = this.#config.maxTokens;
    for (;;) {
      const reply = await this.#request(question, note, maxTokens, signal, watch);
      if ('unscorable' in reply) return { outcome: reply, attempts };
      attempts.push(reply);
      const cutOff = reply.finishReason === 'length';
      const reading: Reading<T> = cutOff ? { fault: 'it was too long' } : question.read(reply.text);
      if ('answer' in reading) return { outcome: reading, attempts };
      if (attempts.length === ATTEMPTS)
        return {
          outcome: { unscorable: true, reason: `the judge's answer cannot be used: ${reading.fault}` },
          attempts,
        };
      note = `\n\nYour last answer could not be used: ${reading.fault}. Answer again, with the JSON object only.`;
      if (cutOff) maxTokens *= 2;
    }
  }

  /** One request, and a few more while the endpoint has the hiccups. */
  async #request(
    question: Question<unknown>,
    note: string,
    maxTokens: number,
    signal: AbortSignal | undefined,
    watch: Watch | undefined,
  ): Promise<Attempt | Unscorable> {
    for (let tries = 1; ; tries++) {
      const reply = await this.#sendInTurn(question, note, maxTokens, signal);
      if (!('fault' in reply)) {
        this.#faultsInARow = 0;
        return reply;
      }
      if (reply.perhapsPaid) watch?.lost();
      signal?.throwIfAborted();
      const { fault } = reply;
      const pause =
        fault.retryAfterMilliseconds ?? FIRST_PAUSE_MILLISECONDS * 4 ** (tries - 1) * (0.75 + Math.random() / 2);
      if (pause > LONGEST_PAUSE_MILLISECONDS || ++this.#faultsInARow >= Math.max(TRIES, this.#config.concurrency))
        throw this.#stop(fault);
      if (tries >= this.#tries) throw fault;
      await this.#clock.sleep(pause, signal);
    }
  }

  async #sendInTurn(
    question: Question<unknown>,
    note: string,
    maxTokens: number,
    signal: AbortSignal | undefined,
  ): Promise<Reply> {
    const messages = messagesOf(question, note);
    const { model, answerFormat, requestsPerMinute, tokensPerMinute } = this.#config;
    const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
    const tokens = estimatedTokens(characters) + (this.#outputTokens ?? maxTokens);
    const load = { requestsPerMinute, tokensPerMinute, tokens };
    const asked = { model, messages, ...responseFormat(question, answerFormat) };
    for (;;) {
      await this.#rate.turn(load, signal);
      this.#mayGo(signal);
      const body = this.#dialect.body(asked, maxTokens);
      const reply = await this.#send(body, characters, signal);
      if (reply === 'put otherwise') continue;
      if ('text' in reply) {
        this.#outputTokens = 0.9 * (this.#outputTokens ?? reply.outputTokens) + 0.1 * reply.outputTokens;
        if (!reply.estimated) this.#rate.correct(load, reply.inputTokens + reply.outputTokens);
      }
      return reply;
    }
  }

  /** `put otherwise`: the same may be asked in words that this model takes. */
  async #send(body: Body, characters: number, signal: AbortSignal | undefined): Promise<Reply | 'put otherwise'> {
    const started = performance.now();
    // The client's own timeout ends with the headers; this one covers the body too.
    const deadline = AbortSignal.timeout(this.#config.timeoutSeconds * 1000);
    const grace = afterGrace(signal);
    try {
      const response = await this.#client.chat.completions.create(body, {
        signal: AbortSignal.any([deadline, grace.over]),
      });
      return this.#readReply(readChatReply(response, characters, (performance.now() - started) / 1000));
    } catch (error) {
      if (grace.over.aborted) return { fault: this.#unavailable('was cut off'), perhapsPaid: true };
      if (deadline.aborted)
        return {
          fault: this.#unavailable(`did not answer within ${this.#config.timeoutSeconds} s (judge.timeoutSeconds)`),
          perhapsPaid: true,
        };
      return this.#dialect.learn(error, body) ? 'put otherwise' : this.#explain(error);
    } finally {
      grace.end();
    }
  }

  #readReply(reply: Attempt | Unscorable | undefined): Reply {
    if (!reply)
      return {
        fault: this.#unavailable('answers, but not with a chat completion; check judge.baseUrl'),
        perhapsPaid: false,
      };
    return 'text' in reply ? { ...reply, text: this.#withoutKey(reply.text) } : reply;
  }

  /** What an endpoint says is stored, and it may repeat the key. */
  #withoutKey(text: string): string {
    return isSecret(this.#apiKey) ? text.replaceAll(this.#apiKey, '***') : text;
  }

  /** Turns a failed request into an outcome, a fault that passes, or the error that says what to do. */
  #explain(error: unknown): Reply {
    const failure = classifyFailure(error, { ...this.#config, apiKey: this.#apiKey });
    switch (failure?.kind) {
      case 'unscorable':
        return { unscorable: true, reason: failure.reason };
      case 'blocked':
        throw this.#stop(new VideocapError('JudgeBlocked', failure.message));
      case 'unavailable': {
        const { message, perhapsPaid, retryAfterMilliseconds } = failure;
        return { fault: unavailable(message, retryAfterMilliseconds), perhapsPaid };
      }
      default:
        throw error;
    }
  }

  #mayGo(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#stopped) throw this.#stopped;
  }

  #unavailable(what: string): VideocapError {
    return unavailable(`The judge at ${withoutCredentials(this.#config.baseUrl)} ${what}. It will be asked again.`);
  }

  #stop(fault: VideocapError): VideocapError {
    this.#stopped ??= fault;
    return fault;
  }
}

function unavailable(message: string, retryAfterMilliseconds?: number): VideocapError {
  return new VideocapError(
    'Unavailable',
    message,
    retryAfterMilliseconds === undefined ? {} : { retryAfterMilliseconds },
  );
}
