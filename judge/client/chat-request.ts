import type OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { z } from 'zod';
import type { JudgeConfig } from '../judge-config.ts';
import type { Question } from '../questions/question.ts';
import { inertJson } from './inert-json.ts';

type AnswerFormat = Extract<JudgeConfig, { kind: 'openai' }>['answerFormat'];

/** A question's messages. The untrusted text has one of its own; `note` says what was wrong with the last answer. */
export function messagesOf({ prompt, data }: Question<unknown>, note: string) {
  return [
    { role: 'system' as const, content: `${prompt.text}${note}` },
    { role: 'user' as const, content: inertJson(data) },
  ];
}

/** How the server is asked to keep an answer to its shape. */
export function responseFormat(
  { shape }: Question<unknown>,
  format: AnswerFormat,
): Pick<OpenAI.ChatCompletionCreateParamsNonStreaming, 'response_format'> {
  if (format === 'json-schema') return { response_format: schemaOf(shape) };
  return format === 'json-object' ? { response_format: { type: 'json_object' } } : {};
}

/** Every question of a kind has the same shape, and its schema takes longer to make than all else here. */
const schemas = new WeakMap<z.ZodType, ReturnType<typeof zodResponseFormat>>();

function schemaOf(shape: z.ZodType): ReturnType<typeof zodResponseFormat> {
  const schema = schemas.get(shape) ?? zodResponseFormat(shape, 'answer');
  schemas.set(shape, schema);
  return schema;
}
