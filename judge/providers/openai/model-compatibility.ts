import type OpenAI from 'openai';
import { APIError } from 'openai';

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;

/** Tokens that a model which thinks first may take for that, besides `judge.maxTokens` for its answer. Only those used are paid for. */
const THINKING_TOKENS = 8192;

/**
 * How one model is asked: for temperature 0 and at most `max_tokens`, until it refuses one of them. OpenAI's reasoning models (o series,
 * GPT-5) take no temperature, and `max_completion_tokens` instead, which their thinking counts against; most other servers know only
 * `max_tokens`. Which models do so is said by nothing but the refusal.
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

  /** Whether a refusal of `body` is one that another body avoids: then `body()` gives that from now on. */
  learn(error: unknown, body: Body): boolean {
    const field = unsupportedField(error);
    if ((field !== 'temperature' && field !== 'max_tokens') || !(field in body)) return false;
    this.refused.add(field);
    return true;
  }
}

const dialects = new Map<string, ModelCompatibility>();

/** What this process has learnt of one model of one endpoint. */
export function sharedCompatibility(endpoint: string): ModelCompatibility {
  const dialect = dialects.get(endpoint) ?? new ModelCompatibility();
  dialects.set(endpoint, dialect);
  return dialect;
}

/** By the code and the parameter; some proxies pass on no more than OpenAI's sentence. A value that is only too large is another matter. */
function unsupportedField(error: unknown): string | undefined {
  if (!(error instanceof APIError) || error.status !== 400) return undefined;
  if (error.code === 'unsupported_parameter' || error.code === 'unsupported_value') return error.param ?? undefined;
  return /^(?:\d+ )?Unsupported (?:parameter|value): '(\w{1,32})'/.exec(error.message)?.[1];
}
