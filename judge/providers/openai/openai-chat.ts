import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { z } from 'zod';
import { afterThinking } from '../../client/after-thinking.ts';
import type { ChatApi, ChatReply, ChatRequest, ChatText, PictureRequest } from '../../client/chat-api.ts';
import { withoutSystemRole } from '../../client/chat-messages.ts';
import { withoutCredentials } from '../../client/credentials.ts';
import { endingOf } from '../../client/finish-reason.ts';
import { type EndpointProxy, fetchThroughProxy, proxyFor } from '../../client/proxy.ts';
import { secretFrom } from '../../client/secrets.ts';
import type { LlmJudgeConfig } from '../../judge-config.ts';
import type { Prompt } from '../../questions/prompt.ts';
import type { Showing } from '../../questions/question.ts';
import type { AnswerFormat } from '../endpoint-check.ts';
import { classifyFailure, mayWantTls, wantsTls } from './classify-failure.ts';
import { lessThinking, type ModelCompatibility, sharedCompatibility } from './model-compatibility.ts';
import { type ReadCompletion, readCompletion } from './read-completion.ts';
import { refusedChoice } from './refused-choice.ts';
import { canonicalJson } from './request-options.ts';
import { speaksTls } from './speaks-tls.ts';
import { wholeAnswers } from './whole-answers.ts';

export type OpenAiJudgeConfig = Extract<LlmJudgeConfig, { provider: 'openai' }>;

/** A request as OpenAI's library takes it, and what else is needed to send and to read it. */
type OpenAiRequest = Pick<OpenAI.ChatCompletionCreateParamsNonStreaming, 'messages' | 'response_format'> & {
  /** Its texts, which an error may repeat. */
  asked: readonly string[];
  sampling: Readonly<Record<string, number>>;
  /** Whether it has pictures. */
  showing: boolean;
  maxTokens: number;
};

const KEY_REMEDY =
  'start the worker with the key of the judge endpoint in it, or with any text if the endpoint asks for none';

/** An endpoint may list any number of models. */
const MOST_MODELS = 1000;

/** OpenAI's chat API, which most servers speak: temperature 0 where the model takes one, and no retries of its own. */
export class OpenAiChat implements ChatApi {
  readonly model: string;
  readonly address: string;
  readonly #config: OpenAiJudgeConfig;
  readonly #client: OpenAI;
  /** The key and the values of `judge.headers`: what an endpoint repeats of them is hidden. */
  readonly #secrets: readonly string[];
  readonly #proxy: EndpointProxy | undefined;
  readonly #compatibility: ModelCompatibility;
  /** Whether any request has brought an answer: then the endpoint speaks what it is asked in. */
  #hasAnswered = false;

  /**
   * @throws JudgeError `JudgeBlocked` when the environment variable of the key, or of a header, is not set, or that of
   *   a proxy holds no address.
   */
  constructor(config: OpenAiJudgeConfig, env: NodeJS.ProcessEnv) {
    const apiKey = secretFrom(env, config.apiKeyEnv, 'judge.apiKeyEnv', KEY_REMEDY);
    const headers = Object.entries(config.headers).map(([name, variable]): [string, string] => [
      name,
      secretFrom(env, variable, `judge.headers.${name}`, 'start the worker with the value of the header in it'),
    ]);
    this.model = config.model;
    this.address = withoutCredentials(config.baseUrl);
    this.#config = config;
    this.#secrets = [apiKey, ...headers.map(([, value]) => value)];
    this.#proxy = proxyFor(config.baseUrl, env);
    this.#compatibility = sharedCompatibility(`${this.address} ${config.model}`);
    this.#client = new OpenAI({
      apiKey,
      baseURL: config.baseUrl,
      maxRetries: 0,
      timeout: config.timeoutSeconds * 1000,
      defaultHeaders: Object.fromEntries(headers),
      defaultQuery: config.query,
      fetch: wholeAnswers(this.#proxy ? fetchThroughProxy : fetch),
      // A redirection would take the headers of the config, which may be secrets, to another address.
      fetchOptions: { redirect: 'manual', ...(this.#proxy && ({ dispatcher: this.#proxy.agent } as object)) },
      // Its debug log would print prompts.
      logLevel: 'off',
    });
  }

  /** Fields of a request that the model has refused, and is asked without: `temperature`, `max_tokens`. */
  get refused(): string[] {
    return [...this.#compatibility.refused];
  }

  /** Whether the model was seen to think before it answers. */
  get thinks(): boolean {
    return this.#compatibility.thinks;
  }

  /** What is sent besides the usual request, for people: by field of the config, and `proxy`. */
  get options(): Record<string, string> {
    const { headers, query, extraBody, systemRole } = this.#config;
    const sources = Object.entries(headers).map(([name, variable]) => `${name} from ${variable}`);
    return {
      ...(sources.length > 0 && { headers: sources.join(', ') }),
      ...(Object.keys(query).length > 0 && { query: `${new URLSearchParams(query)}` }),
      ...(Object.keys(extraBody).length > 0 && { extraBody: canonicalJson(extraBody) }),
      ...(!systemRole && { systemRole: 'false: the instructions go first in the user message' }),
      ...(this.proxy !== undefined && { proxy: this.proxy }),
    };
  }

  /** `http://proxy:3128 (HTTPS_PROXY)`: through what requests go, if through anything. */
  get proxy(): string | undefined {
    if (!this.#proxy) return undefined;
    const { address, variable, hasExceptions } = this.#proxy;
    return `${address} (${variable}${hasExceptions ? '; not where NO_PROXY names the host' : ''})`;
  }

  /**
   * The same whether or not the model takes a temperature. An option at its default adds nothing, so that earlier
   * answers are found again; headers and proxies decide who pays and which way requests go, not what is answered.
   */
  identity(prompt: Prompt, showing?: Showing): Record<string, string | number> {
    const { query, extraBody, systemRole } = this.#config;
    return {
      endpoint: this.address,
      model: this.model,
      prompt: prompt.name,
      promptSha256: prompt.sha256,
      temperature: 0,
      ...showing?.sampling,
      maxTokens: this.#config.maxTokens,
      answerFormat: this.#config.answerFormat,
      ...(Object.keys(query).length > 0 && { query: canonicalJson(query) }),
      ...(Object.keys(extraBody).length > 0 && { extraBody: canonicalJson(extraBody) }),
      ...(!systemRole && { systemRole: 'none' }),
    };
  }

  send({ messages, shape, maxTokens }: ChatRequest, signal: AbortSignal): Promise<ChatReply> {
    const { systemRole, answerFormat } = this.#config;
    return this.#send(
      {
        messages: systemRole ? messages : withoutSystemRole(messages),
        ...responseFormat(shape, answerFormat),
        ...{ asked: messages.map(({ content }) => content), maxTokens, sampling: {}, showing: false },
      },
      signal,
    );
  }

  show({ media, text, maxTokens, seed, ...how }: PictureRequest, signal: AbortSignal): Promise<ChatReply> {
    // vLLM's videos are no part of OpenAI's types.
    const content = [...media, { type: 'text', text }] as OpenAI.ChatCompletionContentPart[];
    const sampling = { ...how.sampling, ...(seed !== undefined && { seed }) };
    const messages = [{ role: 'user' as const, content }];
    return this.#send({ messages, asked: [text], maxTokens, sampling, showing: true }, signal);
  }

  /** A model that thinks may think for less where that does not fit: the refused requests cost nothing. */
  async #send(request: OpenAiRequest, signal: AbortSignal): Promise<ChatReply> {
    let thinking: number | undefined = this.#compatibility.thinkingTokens;
    for (;;) {
      const reply = await this.#sendOnce(request, request.maxTokens + thinking, signal);
      if (typeof reply === 'string' || !('tooLong' in reply)) {
        if (typeof reply !== 'string' && 'text' in reply) this.#noteThinking(reply, thinking);
        return reply;
      }
      thinking = lessThinking(thinking);
      if (thinking === undefined) return reply;
    }
  }

  async #sendOnce(
    { asked, sampling, showing, maxTokens: _, ...request }: OpenAiRequest,
    maxTokens: number,
    signal: AbortSignal,
  ): Promise<Exclude<ChatReply, ChatText> | ReadCompletion> {
    const { extraBody } = this.#config;
    const body = this.#compatibility.body({ ...extraBody, model: this.model, ...request }, maxTokens, sampling);
    const endpoint = {
      ...this.#config,
      secrets: this.#secrets,
      asked,
      showing,
      ...(this.#proxy && { proxy: this.proxy }),
    };
    try {
      const response = await this.#client.chat.completions.create(body, { signal });
      this.#hasAnswered = true;
      const read = readCompletion(response, endpoint);
      return 'text' in read ? { ...read, ...this.#saidBy(read, sampling) } : read;
    } catch (error) {
      if (signal.aborted) throw error;
      if (this.#compatibility.learn(error, body)) return 'retry-adjusted';
      const refused = refusedChoice(error, sampling, this.address);
      if (refused) return refused;
      if (!this.#hasAnswered && mayWantTls(error, endpoint) && (await speaksTls(endpoint.baseUrl)))
        return wantsTls(endpoint);
      const failure = classifyFailure(error, endpoint);
      if (failure === undefined) throw error;
      return failure;
    }
  }

  /** Who has answered, and what it was asked without, since it refuses that. */
  #saidBy({ by }: ReadCompletion, sampling: OpenAiRequest['sampling']): Pick<ReadCompletion, 'by'> {
    const without = Object.keys(sampling).filter((field) => this.#compatibility.refused.has(field));
    return without.length === 0 ? {} : { by: { ...by, without: without.join(' ') } };
  }

  /** @param allowed tokens that this request had for it. */
  #noteThinking({ text, finishReason, thought }: ReadCompletion, allowed: number): void {
    const learnt = this.#compatibility;
    learnt.thinks ||= thought;
    // Fewer tokens to think were all that fitted.
    if (allowed < learnt.thinkingTokens) learnt.thinkingTokens = allowed;
    else if (thought && endingOf(finishReason) === 'cut off' && afterThinking(text).trim() === '')
      learnt.allowThinking();
  }

  /** Names of the models that the endpoint lists; `undefined` where it lists none, or nothing that can be read. */
  async models(): Promise<string[] | undefined> {
    try {
      const signal = AbortSignal.timeout(Math.ceil(1000 * this.#config.timeoutSeconds));
      const { data } = await this.#client.models.list({ signal });
      return data.slice(0, MOST_MODELS).map(({ id }) => String(id));
    } catch {
      return undefined;
    }
  }
}

/** How the server is asked to keep an answer to its shape. */
function responseFormat(
  shape: z.ZodType,
  format: AnswerFormat,
): Pick<OpenAI.ChatCompletionCreateParamsNonStreaming, 'response_format'> {
  if (format === 'json-schema') return { response_format: schemaOf(shape) };
  return format === 'json-object' ? { response_format: { type: 'json_object' } } : {};
}

/** Every question of a kind has the same shape, and making its schema takes longer than the rest of a request here. */
const schemas = new WeakMap<z.ZodType, ReturnType<typeof zodResponseFormat>>();

function schemaOf(shape: z.ZodType): ReturnType<typeof zodResponseFormat> {
  const schema = schemas.get(shape) ?? zodResponseFormat(shape, 'answer');
  schemas.set(shape, schema);
  return schema;
}
