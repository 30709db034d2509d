import { APIError } from 'openai';
import type { FailedRequest } from '../../client/chat-api.ts';

/** Fields that choose tokens besides the temperature. vLLM and its like take all of them, OpenAI's models few. */
const CHOOSING = /\b(top_p|top_k|min_p|repetition_penalty)\b/;

/**
 * What it means that an endpoint refuses a field that chooses tokens; `undefined` for other errors. An answer without
 * the field would not be the one that was asked for, so a person has to change the setting.
 * @param where the endpoint's address.
 */
export function refusedChoice(
  error: unknown,
  sampling: Readonly<Record<string, number>>,
  where: string,
): FailedRequest | undefined {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return undefined;
  const [field] = CHOOSING.exec(error.param ?? '') ?? CHOOSING.exec(error.message) ?? [];
  if (field === undefined || !(field in sampling)) return undefined;
  return {
    fault: {
      kind: 'blocked',
      sentence: `The judge at ${where} does not take ${field}`,
      remedy: 'start again with that decoding setting at its default, in the config or by --captioning',
    },
    perhapsPaid: false,
  };
}
