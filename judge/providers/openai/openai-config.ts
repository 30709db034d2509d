import { z } from 'zod';
import { hasCredentials } from '../../client/credentials.ts';

/**
 * From the strictest: the server's structured output, its JSON mode, or the prompt
 * alone. `videocap judge check` says which of them an endpoint has.
 */
export const ANSWER_FORMATS = ['json-schema', 'json-object', 'text'] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

/**
 * The fields of `judge` for `provider: openai`: any endpoint that speaks OpenAI's chat API. Pure: workflows import it.
 */
export const OPENAI_FIELDS = {
  provider: z.literal('openai').default('openai'),
  baseUrl: z
    .url()
    .refine((url) => !hasCredentials(url), {
      error:
        'set a URL without user name, password and query; ' +
        'the key goes into the environment variable that judge.apiKeyEnv names',
    })
    .default('https://api.openai.com/v1'),
  model: z.string().min(1),
  /** Name of the environment variable that holds the key; the key itself never enters a config. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .default('OPENAI_API_KEY'),
  /** How the endpoint is asked to keep answers to their shape. */
  answerFormat: z.enum(ANSWER_FORMATS).default('json-schema'),
};
