import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import pLimit, { type LimitFunction } from 'p-limit';
import type { z } from 'zod';
import type { JudgeConfig } from '../../configs/schema.ts';
import { VideocapError } from '../../core/errors.ts';
import { classifyFailure, isSecret, withoutCredentials } from './classify-failure.ts';
import { CLOCK, type Clock } from './clock.ts';
import { inertJson } from './inert-json.ts';
import type { Attempt, Endpoint, Exchange, Question, Reading, Unscorable, Watch } from './question.ts';
import { type RateLimit, sharedRateLimit } from './rate-limit.ts';
import { LONGEST_ANSWER } from './read-answer.ts';

export type OpenAiJudgeConfig = Extract<JudgeConfig, { kind: 'openai' }>;

/** An answer that is no answer is asked for once more, with a note of what was wrong. */
const ATTEMPTS = 2;
/** A hiccup of the endpoint is sat out here; what lasts longer is left to whoever runs this. */
const TRIES = 3;
const FIRST_PAUSE_MILLISECONDS = 250;
const LONGEST_PAUSE_MILLISECONDS = 5000;
/** Answers on their way when everything is cancelled may still arrive within this time: they are paid for. */
const GRACE_MILLISECONDS = 10_000;

type Reply = Attempt | Unscorable | { fault: VideocapError; perhapsPaid: boolean };

/**
 * An LLM behind any OpenAI-compatible endpoint. One request a question, temperature 0. The untrusted text travels as a JSON
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
    this.#rate = sharedRateLimit(`${withoutCredentials(config.baseUrl)} ${config.model}`, clock);
    this.#client = new OpenAI({
      apiKey,
      baseURL: config.baseUrl,
      maxRetries: 0,
      timeout: config.timeoutSeconds * 1000,
      // Its debug log would print prompts.
      logLevel: 'off',
    });
  }

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
    const body = this.#body(question, note, maxTokens);
    const { requestsPerMinute, tokensPerMinute } = this.#config;
    // Four characters a token is the usual estimate.
    const characters = body.messages.reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
    const tokens = Math.ceil(characters / 4) + (this.#outputTokens ?? maxTokens);
    const load = { requestsPerMinute, tokensPerMinute, tokens };
    await this.#rate.turn(load, signal);
    this.#mayGo(signal);
    const reply = await this.#send(body, signal);
    if ('text' in reply) {
      this.#outputTokens = 0.9 * (this.#outputTokens ?? reply.outputTokens) + 0.1 * reply.outputTokens;
      if (reply.inputTokens > 0) this.#rate.correct(load, reply.inputTokens + reply.outputTokens);
    }
    return reply;
  }

  #body(
    { prompt, shape, data }: Question<unknown>,
    note: string,
    maxTokens: number,
  ): OpenAI.ChatCompletionCreateParamsNonStreaming {
    const { model, answerFormat } = this.#config;
    return {
      model,
      temperature: 0,
      max_tokens: maxTokens,
      ...(answerFormat === 'json-schema' && { response_format: schemaOf(shape) }),
      ...(answerFormat === 'json-object' && { response_format: { type: 'json_object' } }),
      messages: [
        { role: 'system', content: `${prompt.text}${note}` },
        { role: 'user', content: inertJson(data) },
      ],
    };
  }

  async #send(body: OpenAI.ChatCompletionCreateParamsNonStreaming, signal: AbortSignal | undefined): Promise<Reply> {
    const started = performance.now();
    // The client's own timeout ends with the headers; this one covers the body too.
    const deadline = AbortSignal.timeout(this.#config.timeoutSeconds * 1000);
    const grace = afterGrace(signal);
    try {
      const response = await this.#client.chat.completions.create(body, {
        signal: AbortSignal.any([deadline, grace.over]),
      });
      return this.#readReply(response, (performance.now() - started) / 1000);
    } catch (error) {
      if (grace.over.aborted) return { fault: this.#unavailable('was cut off'), perhapsPaid: true };
      if (deadline.aborted)
        return {
          fault: this.#unavailable(`did not answer within ${this.#config.timeoutSeconds} s (judge.timeoutSeconds)`),
          perhapsPaid: true,
        };
      return this.#explain(error);
    } finally {
      grace.end();
    }
  }

  #readReply(response: OpenAI.ChatCompletion, seconds: number): Reply {
    const choice = response?.choices?.[0];
    if (!choice?.message)
      return {
        fault: this.#unavailable('answers, but not with a chat completion; check judge.baseUrl'),
        perhapsPaid: false,
      };
    if (choice.finish_reason === 'content_filter')
      return { unscorable: true, reason: 'the endpoint filtered the content' };
    if (choice.message.refusal) return { unscorable: true, reason: 'the judge refused to answer' };
    return {
      // One character more than can be read is enough to know that it cannot.
      text: this.#withoutKey(String(choice.message.content ?? '').slice(0, LONGEST_ANSWER + 1)),
      finishReason: String(choice.finish_reason ?? 'stop'),
      inputTokens: count(response.usage?.prompt_tokens),
      outputTokens: count(response.usage?.completion_tokens),
      seconds,
    };
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

/** Every question of a kind has the same shape, and its schema takes longer to make than all else here. */
const schemas = new WeakMap<z.ZodType, ReturnType<typeof zodResponseFormat>>();

function schemaOf(shape: z.ZodType): ReturnType<typeof zodResponseFormat> {
  const schema = schemas.get(shape) ?? zodResponseFormat(shape, 'answer');
  schemas.set(shape, schema);
  return schema;
}

/** A signal that follows another after the grace period. */
function afterGrace(signal: AbortSignal | undefined): { over: AbortSignal; end(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(() => controller.abort(), GRACE_MILLISECONDS);
  };
  signal?.addEventListener('abort', start, { once: true });
  return {
    over: controller.signal,
    end() {
      signal?.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}

function unavailable(message: string, retryAfterMilliseconds?: number): VideocapError {
  return new VideocapError(
    'Unavailable',
    message,
    retryAfterMilliseconds === undefined ? {} : { retryAfterMilliseconds },
  );
}

/** Servers that do not count send nothing, or nonsense. */
function count(tokens: unknown): number {
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
}
