import { z } from 'zod';
import { hasCredentials } from '../../client/credentials.ts';
import { ANSWER_FORMATS } from '../endpoint-check.ts';
import { extraBodyOf, Headers, JUDGE_OWN_FIELDS, queryOf, VARIABLE } from './request-options.ts';

/** The address of an API. @param section with the fields for what must not be in it. */
export function baseUrlOf(section: string) {
  return z
    .url({ protocol: /^https?$/, error: 'set a URL that begins with http:// or https://' })
    .refine((url) => !hasCredentials(url), {
      error:
        'set a URL without user name, password and query; the key goes into the environment variable that ' +
        `${section}.apiKeyEnv names, and what else the query needs into ${section}.query`,
    })
    .default('https://api.openai.com/v1');
}

/**
 * The fields of `judge` for `provider: openai`: any endpoint that speaks OpenAI's chat API. Pure: workflows import it.
 */
export const OPENAI_FIELDS = {
  provider: z.literal('openai').default('openai'),
  /** Of the API, without `/chat/completions`. */
  baseUrl: baseUrlOf('judge'),
  /** Its name at the endpoint. */
  model: z.string().min(1).max(256),
  /** Name of the environment variable that holds the key; the key itself never enters a config. */
  apiKeyEnv: z.string().regex(VARIABLE).default('OPENAI_API_KEY'),
  /** Further headers: `{ api-key: AZURE_KEY }` sends the value of the environment variable `AZURE_KEY`. */
  headers: Headers,
  /** Parameters of the URL, such as `{ api-version: 2024-10-21 }`. */
  query: queryOf('judge'),
  /** Further fields of a request, such as `{ chat_template_kwargs: { enable_thinking: false } }`. */
  extraBody: extraBodyOf(JUDGE_OWN_FIELDS),
  /** false: the model's chat template has no system role, so the instructions go first in the user message. */
  systemRole: z.boolean().default(true),
  /** How the endpoint is asked to keep answers to their shape. */
  answerFormat: z.enum(ANSWER_FORMATS).default('json-schema'),
};
