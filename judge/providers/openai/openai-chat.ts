import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { z } from 'zod';
import type { ChatApi, ChatReply, ChatRequest, ChatText, FailedRequest } from '../../client/chat-api.ts';
import { isSecret, withoutCredentials } from '../../client/credentials.ts';
import { JudgeError } from '../../client/judge-error.ts';
import type { LlmJudgeConfig } from '../../judge-config.ts';
import type { Prompt } from '../../questions/prompt.ts';
import type { Unscorable } from '../../questions/question.ts';
import { classifyFailure } from './classify-failure.ts';
import { type ModelCompatibility, sharedCompatibility } from './model-compatibility.ts';
import type { AnswerFormat } from './openai-config.ts';

export type OpenAiJudgeConfig = Extract<LlmJudgeConfig, { provider: 'openai' }>;

/** An endpoint may list any number of models. */
const MOST_MODELS = 1000;

/** OpenAI's chat API, which most servers speak: temperature 0 where the model takes one, and no retries of its own. */
export class OpenAiChat implements ChatApi {
  readonly model: string;
  readonly address: string;
  readonly #config: OpenAiJudgeConfig;
  readonly #client: OpenAI;
  readonly #apiKey: string;
  readonly #compatibility: ModelCompatibility;

  /** @throws JudgeError `JudgeBlocked` when the environment variable of the key is not set. */
  constructor(config: OpenAiJudgeConfig, env: NodeJS.ProcessEnv) {
    const apiKey = env[config.apiKeyEnv];
    if (!apiKey)
      throw new JudgeError({
        kind: 'blocked',
        sentence: `The environment variable ${config.apiKeyEnv} (judge.apiKeyEnv) is not set where the worker runs`,
        remedy:
          'start the worker with the key of the judge endpoint in it, or with any text if the endpoint asks for none',
      });
    this.model = config.model;
    this.address = withoutCredentials(config.baseUrl);
    this.#config = config;
    this.#apiKey = apiKey;
    this.#compatibility = sharedCompatibility(`${this.address} ${config.model}`);
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
    return [...this.#compatibility.refused];
  }

  /** The same whether or not the model takes a temperature. */
  identity(prompt: Prompt): Record<string, string | number> {
    return {
      endpoint: this.address,
      model: this.model,
      prompt: prompt.name,
      promptSha256: prompt.sha256,
      temperature: 0,
      maxTokens: this.#config.maxTokens,
      answerFormat: this.#config.answerFormat,
    };
  }

  async send({ messages, shape, maxTokens }: ChatRequest, signal: AbortSignal): Promise<ChatReply> {
    const asked = { model: this.model, messages, ...responseFormat(shape, this.#config.answerFormat) };
    const body = this.#compatibility.body(asked, maxTokens);
    try {
      return this.#read(await this.#client.chat.completions.create(body, { signal }));
    } catch (error) {
      if (signal.aborted) throw error;
      if (this.#compatibility.learn(error, body)) return 'retry-adjusted';
      const failure = classifyFailure(error, { ...this.#config, apiKey: this.#apiKey });
      if (failure === undefined) throw error;
      return failure;
    }
  }

  /** Names of the models that the endpoint lists; `undefined` where it lists none, or nothing that can be read. */
  async models(): Promise<string[] | undefined> {
    try {
      const signal = AbortSignal.timeout(this.#config.timeoutSeconds * 1000);
      const { data } = await this.#client.models.list({ signal });
      return data.slice(0, MOST_MODELS).map(({ id }) => String(id));
    } catch {
      return undefined;
    }
  }

  #read(response: OpenAI.ChatCompletion): ChatText | Unscorable | FailedRequest {
    const choice = response?.choices?.[0];
    if (!choice?.message)
      return {
        fault: {
          kind: 'unavailable',
          sentence: `The judge at ${this.address} answers, but not with a chat completion; check judge.baseUrl`,
        },
        perhapsPaid: false,
      };
    if (choice.finish_reason === 'content_filter')
      return { unscorable: true, reason: 'the endpoint filtered the content' };
    if (choice.message.refusal) return { unscorable: true, reason: 'the judge refused to answer' };
    const tokens = {
      input: count(response.usage?.prompt_tokens),
      output: count(response.usage?.completion_tokens),
    };
    return {
      text: this.#withoutKey(String(choice.message.content ?? '')),
      finishReason: String(choice.finish_reason ?? 'stop'),
      ...(tokens.input + tokens.output > 0 && { tokens }),
    };
  }

  /** The ledger keeps what an endpoint answers, which may repeat the key. */
  #withoutKey(text: string): string {
    return isSecret(this.#apiKey) ? text.replaceAll(this.#apiKey, '***') : text;
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

/** Servers that do not count tokens send nothing, or nonsense. */
function count(tokens: unknown): number {
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
}
