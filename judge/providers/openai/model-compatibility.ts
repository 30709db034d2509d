import type OpenAI from 'openai';
import { APIError } from 'openai';
import { withoutEchoes } from './echoes.ts';

/** What a request can do without. `seed` only says that an answer to a repeated request should be the same. */
const LEFT_OUT: ReadonlySet<string> = new Set(['temperature', 'max_tokens', 'seed']);

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;

/**
 * Tokens that a reasoning model may take to think, besides `judge.maxTokens` for its answer. Only those used are paid
 * for. Less where these do not fit the model's window.
 */
const THINKING_TOKENS = [8192, 4096, 2048, 1024, 0] as const;

/**
 * How one model is asked. `temperature` 0 and `max_tokens`, until it refuses one of them: OpenAI's reasoning models (o
 * series, GPT-5) take no temperature, and `max_completion_tokens` instead, which their thinking counts against; most
 * other servers know only `max_tokens`. Only a refusal shows which models do so; and only an answer that ends within
 * its thinking shows that a model thinks, and needs tokens for that too.
 */
export class ModelCompatibility {
  /** `temperature`, `max_tokens`. */
  readonly refused = new Set<string>();
  /** Whether it was seen to think. */
  thinks = false;
  /** How many tokens it may think. */
  thinkingTokens = 0;

  /**
   * @param maxTokens of thinking and answer together.
   * @param sampling what chooses tokens besides a temperature of 0, or in its place.
   */
  body(
    rest: Omit<Body, 'temperature' | 'max_tokens' | 'max_completion_tokens'>,
    maxTokens: number,
    sampling: Readonly<Record<string, number>> = {},
  ): Body {
    const fields = Object.entries({ temperature: 0, ...sampling }).filter(([field]) => !this.refused.has(field));
    return {
      ...rest,
      ...Object.fromEntries(fields),
      [this.refused.has('max_tokens') ? 'max_completion_tokens' : 'max_tokens']: maxTokens,
    };
  }

  /** Whether the refusal names a field that `body()` can leave out: it does from now on. */
  learn(error: unknown, body: Body): boolean {
    const field = unsupportedField(
      error,
      body.messages.flatMap(({ content }) => (typeof content === 'string' ? [content] : [])),
    );
    if (field === undefined || !LEFT_OUT.has(field) || !(field in body)) return false;
    this.refused.add(field);
    if (field === 'max_tokens') this.allowThinking();
    return true;
  }

  /** Its thinking left no room for an answer, or would. */
  allowThinking(): void {
    if (this.thinkingTokens === 0) this.thinkingTokens = THINKING_TOKENS[0];
  }
}

/** The next smaller number of tokens to think; `undefined` after 0. */
export function lessThinking(tokens: number): number | undefined {
  return THINKING_TOKENS.find((fewer) => fewer < tokens);
}

const compatibilities = new Map<string, ModelCompatibility>();

/** What this process has learnt about one model of one endpoint. */
export function sharedCompatibility(endpoint: string): ModelCompatibility {
  const compatibility = compatibilities.get(endpoint) ?? new ModelCompatibility();
  compatibilities.set(endpoint, compatibility);
  return compatibility;
}

/**
 * By the code and the parameter; proxies such as LiteLLM pass on no more than a sentence, which is read without what it
 * repeats of the request. A value that is only too large is not unsupported.
 */
function unsupportedField(error: unknown, asked: readonly string[]): string | undefined {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return undefined;
  if (error.code === 'unsupported_parameter' || error.code === 'unsupported_value') return error.param ?? undefined;
  const [, said, named] = UNSUPPORTED.exec(withoutEchoes(error.message, asked)) ?? [];
  return said ?? named;
}
const UNSUPPORTED = new RegExp(
  'Unsupported (?:parameter|value): [\'"`](\\w{1,32})[\'"`]' +
    "|(?:don'?t|do(?:es)? not) support ['\"`]?(temperature|max_tokens)\\b",
  'i',
);
