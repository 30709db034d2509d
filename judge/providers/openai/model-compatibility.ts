import type OpenAI from 'openai';
import { APIError } from 'openai';

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;

/**
 * Tokens that a reasoning model may take to think, besides `judge.maxTokens` for its answer. Only those used are paid
 * for.
 */
const THINKING_TOKENS = 8192;

/**
 * Which fields of a request one model takes: `temperature` 0 and `max_tokens`, until it refuses one of them. OpenAI's
 * reasoning models (o series, GPT-5) take no temperature, and `max_completion_tokens` instead, which their thinking
 * counts against; most other servers know only `max_tokens`. Only the refusal says which models do so.
 */
export class ModelCompatibility {
  /** `temperature`, `max_tokens`. */
  readonly refused = new Set<string>();

  body(rest: Omit<Body, 'temperature' | 'max_tokens' | 'max_completion_tokens'>, maxTokens: number): Body {
    return {
      ...rest,
      ...(!this.refused.has('temperature') && { temperature: 0 }),
      ...(this.refused.has('max_tokens')
        ? { max_completion_tokens: maxTokens + THINKING_TOKENS }
        : { max_tokens: maxTokens }),
    };
  }

  /** Whether the refusal names a field that `body()` can leave out: it does from now on. */
  learn(error: unknown, body: Body): boolean {
    const field = unsupportedField(error);
    if ((field !== 'temperature' && field !== 'max_tokens') || !(field in body)) return false;
    this.refused.add(field);
    return true;
  }
}

const compatibilities = new Map<string, ModelCompatibility>();

/** What this process has learnt about one model of one endpoint. */
export function sharedCompatibility(endpoint: string): ModelCompatibility {
  const compatibility = compatibilities.get(endpoint) ?? new ModelCompatibility();
  compatibilities.set(endpoint, compatibility);
  return compatibility;
}

/**
 * By the code and the parameter; some proxies pass on no more than OpenAI's sentence. A value that is only too large is
 * not unsupported.
 */
function unsupportedField(error: unknown): string | undefined {
  if (!(error instanceof APIError) || error.status !== 400) return undefined;
  if (error.code === 'unsupported_parameter' || error.code === 'unsupported_value') return error.param ?? undefined;
  return /^(?:\d+ )?Unsupported (?:parameter|value): '(\w{1,32})'/.exec(error.message)?.[1];
}
