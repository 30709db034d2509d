import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import pLimit, { type LimitFunction } from 'p-limit';
import type { JudgeConfig } from '../../configs/schema.ts';
import { VideocapError } from '../../core/errors.ts';
import { classifyFailure, withoutCredentials } from './classify-failure.ts';
import type { Attempt, Endpoint, Exchange, Question, Reading, Unscorable } from './question.ts';

export type OpenAiJudgeConfig = Extract<JudgeConfig, { kind: 'openai' }>;

/** An answer that is no answer is asked for once more, with a note of what was wrong. */
const ATTEMPTS = 2;

/**
 * An LLM behind any OpenAI-compatible endpoint. One request a question, temperature 0. The untrusted text travels as a JSON string in a message of its own, so it cannot end where it should not.
 *
 * Never retries faults of the endpoint: it throws, and whoever runs it waits as long as it takes. Once one request has
 * failed so, those still waiting for their turn are not sent.
 */
export class OpenAiEndpoint implements Endpoint {
  readonly name: string;
  readonly #config: OpenAiJudgeConfig;
  readonly #client: OpenAI;
  readonly #limit: LimitFunction;
  #fault: VideocapError | undefined;

  /** @throws VideocapError `InvalidConfig` when the environment variable of the key is not set. */
  constructor(config: OpenAiJudgeConfig, env: NodeJS.ProcessEnv = process.env) {
    const apiKey = env[config.apiKeyEnv];
    if (!apiKey)
      throw new VideocapError(
        'InvalidConfig',
        `The environment variable ${config.apiKeyEnv} (judge.apiKeyEnv) is not set where the worker runs. Set it to the ` +
          'key of the judge endpoint, or to any text if the endpoint asks for none.',
      );
    this.#config = config;
    this.name = config.model;
    this.#limit = pLimit(config.concurrency);
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
    };
  }

  async ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Exchange<T>> {
    return this.#limit(async () => {
      const attempts: Attempt[] = [];
      let note = '';
      let maxTokens = this.#config.maxTokens;
      for (;;) {
        const reply = await this.#send(question, note, maxTokens, signal);
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
    });
  }

  async #send(
    { prompt, shape, data }: Question<unknown>,
    note: string,
    maxTokens: number,
    signal: AbortSignal | undefined,
  ): Promise<Attempt | Unscorable> {
    signal?.throwIfAborted();
    if (this.#fault) throw this.#fault;
    const started = performance.now();
    // The client's own timeout ends with the headers; this one covers the body too.
    const deadline = AbortSignal.timeout(this.#config.timeoutSeconds * 1000);
    try {
      const response = await this.#client.chat.completions.create(
        {
          model: this.#config.model,
          temperature: 0,
          max_tokens: maxTokens,
          response_format: zodResponseFormat(shape, 'answer'),
          messages: [
            { role: 'system', content: `${prompt.text}${note}` },
            { role: 'user', content: JSON.stringify(data) },
          ],
        },
        { signal: signal ? AbortSignal.any([signal, deadline]) : deadline },
      );
      return this.#readReply(response, (performance.now() - started) / 1000);
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.aborted)
        throw this.#stop(
          this.#unavailable(`did not answer within ${this.#config.timeoutSeconds} s (judge.timeoutSeconds)`),
        );
      return this.#explain(error);
    }
  }

  #readReply(response: OpenAI.ChatCompletion, seconds: number): Attempt | Unscorable {
    const choice = response?.choices?.[0];
    if (!choice?.message) throw this.#unavailable('answers, but not with a chat completion; check judge.baseUrl');
    if (choice.finish_reason === 'content_filter')
      return { unscorable: true, reason: 'the endpoint filtered the content' };
    if (choice.message.refusal) return { unscorable: true, reason: 'the judge refused to answer' };
    return {
      text: choice.message.content ?? '',
      finishReason: choice.finish_reason,
      inputTokens: response.usage?.prompt_tokens ?? 0,
      outputTokens: response.usage?.completion_tokens ?? 0,
      seconds,
    };
  }

  /** Turns a failed request into an outcome or into the error that says what to do. */
  #explain(error: unknown): Unscorable {
    if (error instanceof VideocapError) throw this.#stop(error);
    const failure = classifyFailure(error, this.#config);
    switch (failure?.kind) {
      case 'unscorable':
        return { unscorable: true, reason: failure.reason };
      case 'misconfigured':
        throw this.#stop(new VideocapError('InvalidConfig', failure.message));
      case 'unavailable':
        throw this.#stop(unavailable(failure.message, failure.retryAfterMilliseconds));
      default:
        throw error;
    }
  }

  #unavailable(what: string): VideocapError {
    return unavailable(`The judge at ${withoutCredentials(this.#config.baseUrl)} ${what}. It will be asked again.`);
  }

  #stop(fault: VideocapError): VideocapError {
    this.#fault ??= fault;
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
