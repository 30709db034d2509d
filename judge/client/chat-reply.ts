import type OpenAI from 'openai';
import type { Attempt, Unscorable } from '../questions/question.ts';
import { LONGEST_ANSWER } from './read-answer.ts';

/** The usual estimate, where an endpoint does not count. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * What a chat completion says: a text, or that there is none for this question; `undefined` when it is no chat completion. Where the
 * endpoint counts no tokens, they are estimated from the length of both texts, so that a budget in USD holds all the same.
 * @param promptCharacters length of the request's messages.
 * @param seconds the request took.
 */
export function readChatReply(
  response: OpenAI.ChatCompletion,
  promptCharacters: number,
  seconds: number,
): Attempt | Unscorable | undefined {
  const choice = response?.choices?.[0];
  if (!choice?.message) return undefined;
  if (choice.finish_reason === 'content_filter')
    return { unscorable: true, reason: 'the endpoint filtered the content' };
  if (choice.message.refusal) return { unscorable: true, reason: 'the judge refused to answer' };
  const text = String(choice.message.content ?? '');
  const counted = {
    inputTokens: count(response.usage?.prompt_tokens),
    outputTokens: count(response.usage?.completion_tokens),
  };
  const tokens =
    counted.inputTokens + counted.outputTokens > 0
      ? counted
      : {
          inputTokens: estimatedTokens(promptCharacters),
          outputTokens: estimatedTokens(text.length),
          estimated: true as const,
        };
  return {
    // One character more than can be read is enough to know that it cannot.
    text: text.slice(0, LONGEST_ANSWER + 1),
    finishReason: String(choice.finish_reason ?? 'stop'),
    ...tokens,
    seconds,
  };
}

export function estimatedTokens(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** Servers that do not count send nothing, or nonsense. */
function count(tokens: unknown): number {
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
}
