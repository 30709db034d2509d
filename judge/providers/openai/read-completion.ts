import { z } from 'zod';
import { type Identity, LONGEST_FACT } from '../../../core/identity.ts';
import { hasThinking } from '../../client/after-thinking.ts';
import type { ChatText, FailedRequest, RefusedRequest } from '../../client/chat-api.ts';
import { withoutCredentials } from '../../client/credentials.ts';
import { endingOf } from '../../client/finish-reason.ts';
import { withoutSecrets } from '../../client/secrets.ts';
import { classifySaid, type FailingEndpoint } from './classify-failure.ts';
import { errorIn, type SaidError } from './error-body.ts';

/** A completion's text, and whether the model has thought before it. */
export type ReadCompletion = ChatText & { thought: boolean };

const Text = z.string().catch('');
const Count = z.int().nonnegative().catch(0);
/** Content as parts: text, and with Mistral's models their thinking, which is no answer. */
const Part = z.looseObject({ type: z.string().optional(), text: Text, refusal: Text }).catch({ text: '', refusal: '' });
const Content = z
  .union([z.string(), z.array(Part)])
  .nullish()
  .catch(undefined);

/** What an endpoint calls a version of its model. */
const Name = z.string().optional().catch(undefined);

const Message = z.looseObject({
  content: Content,
  refusal: z.string().nullish().catch(undefined),
  reasoning_content: z.unknown().optional(),
  reasoning: z.unknown().optional(),
});
const Choice = z.looseObject({ message: Message.nullish(), finish_reason: Text, error: z.unknown().optional() });
/** As much of a chat completion as is read; servers leave out and add what they like. */
const Completion = z.looseObject({
  choices: z.array(Choice).nonempty(),
  usage: z.looseObject({ prompt_tokens: Count, completion_tokens: Count }).nullish().catch(undefined),
  model: Name,
  system_fingerprint: Name,
});

/**
 * What a response with status 200 says: a text, a refusal, or an error that the endpoint tells in it. What it thought
 * (`reasoning_content`, `reasoning`, parts) is not part of the text.
 */
export function readCompletion(
  response: unknown,
  endpoint: FailingEndpoint,
): ReadCompletion | RefusedRequest | FailedRequest {
  const completion = Completion.safeParse(response);
  const usage = completion.data?.usage;
  const tokens = { input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0 };
  const perhapsPaid = tokens.output > 0;
  const error = toldError(response);
  if (error) return classifySaid(error, endpoint, { perhapsPaid });
  const choice = completion.data?.choices[0];
  const ending = endingOf(choice?.finish_reason ?? '');
  const failure = choice && errorIn({ error: choice.error ?? undefined });
  if (failure || ending === 'failed') return classifySaid(failure ?? {}, endpoint, { perhapsPaid });
  // What there is of a text then is not whole; servers leave out the message too.
  if (ending === 'filtered') return { unscorable: true, reason: 'the endpoint filtered the content' };
  if (ending === 'window')
    return { unscorable: true, reason: 'the question is longer than the judge can read', tooLong: true };
  if (!choice?.message) return noCompletion(response, endpoint);
  const { content, refusal, reasoning_content: reasoning = choice.message.reasoning } = choice.message;
  const parts = Array.isArray(content) ? content : [];
  if (refusal || parts.some((part) => part.refusal)) return { unscorable: true, reason: 'the judge refused to answer' };
  const text = typeof content === 'string' ? content : parts.map((part) => part.text).join('');
  return {
    // The ledger keeps what an endpoint answers.
    text: withoutSecrets(text, endpoint.secrets ?? []),
    finishReason: ending === 'cut off' ? 'length' : choice.finish_reason || 'stop',
    ...(tokens.input + tokens.output > 0 && { tokens }),
    ...answeredBy(completion.data ?? {}, endpoint.secrets),
    thought: isSomething(reasoning) || parts.some(({ type }) => /think|reason/.test(type ?? '')) || hasThinking(text),
  };
}

/** Which version has answered; nothing where the endpoint names none. */
function answeredBy(
  { model, system_fingerprint: fingerprint }: Pick<Partial<z.infer<typeof Completion>>, 'model' | 'system_fingerprint'>,
  secrets: readonly string[] = [],
): { by?: Identity } {
  const names = { model, fingerprint };
  const said = Object.entries(names).flatMap(([fact, name]) => {
    const shown = withoutSecrets(name ?? '', secrets)
      .replaceAll(/[^\x21-\x7e]+/g, ' ')
      .trim();
    return shown === '' ? [] : [[fact, shown.slice(0, LONGEST_FACT)]];
  });
  return said.length > 0 ? { by: Object.fromEntries(said) } : {};
}

/**
 * `{error: ...}` beside a completion or instead of one; without that field, an object that has an error's codes or
 * names itself one.
 */
function toldError(response: unknown): SaidError | undefined {
  if (typeof response !== 'object' || response === null) return undefined;
  const { error, choices } = response as Record<string, unknown>;
  const hasChoices = Array.isArray(choices) && choices.length > 0;
  if (hasChoices && !error) return failureBeside(response as Record<string, unknown>);
  const told = errorIn(error ? { error } : response);
  if (hasChoices && told && saysNothing(told)) return Array.isArray(error) ? {} : undefined;
  if (error) return told ?? {};
  return told?.code !== undefined || told?.type !== undefined ? told : undefined;
}

/** Servers fill in the fields of an error beside a good answer too: `{code: 200, message: "success"}`. */
function saysNothing({ code = '', type = '', message = '' }: SaidError): boolean {
  return /^(?:0|200|ok|success)?$/i.test(code) && type === '' && /^\W*(?:ok|success\w*|none)?\W*$/i.test(message);
}

/** Gateways say in fields of their own that they failed, beside choices that may look whole. */
function failureBeside({ choices: _, ...rest }: Record<string, unknown>): SaidError | undefined {
  const { success, status, base_resp } = rest;
  const failed = success === false || /^(?:error|fail\w*|[45]\d\d)$/i.test(String(status));
  return errorIn({ base_resp }) ?? (failed ? (errorIn(rest) ?? {}) : undefined);
}

function noCompletion(response: unknown, { baseUrl }: FailingEndpoint): FailedRequest {
  const isPage = typeof response === 'string' && /<!doctype html|<html/i.test(response);
  const how = isPage ? 'with an HTML page, not with a chat completion' : 'but not with a chat completion';
  return {
    fault: {
      kind: 'unavailable',
      sentence: `The judge at ${withoutCredentials(baseUrl)} answers${isPage ? '' : ','} ${how}; check judge.baseUrl`,
      perhapsOneQuestion: true,
    },
    perhapsPaid: false,
  };
}

function isSomething(reasoning: unknown): boolean {
  return reasoning != null && reasoning !== '' && !(Array.isArray(reasoning) && reasoning.length === 0);
}
