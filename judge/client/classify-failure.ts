import { APIConnectionError, APIError } from 'openai';
import type { JudgeConfig } from '../judge-config.ts';

type Endpoint = Pick<Extract<JudgeConfig, { kind: 'openai' }>, 'baseUrl' | 'model' | 'apiKeyEnv'> & {
  /** The key itself: it must not come back in a message. */
  apiKey?: string;
};

/**
 * What a failed request means:
 *
 * - `unavailable`: it passes; ask again later. `perhapsPaid`: the model may have answered, and the answer was lost on its way.
 * - `blocked`: it stays until a person changes the key, the account or the endpoint.
 * - `unscorable`: the endpoint answered, and its answer is that it will not judge this text.
 */
export type JudgeFailure =
  | { kind: 'unavailable'; message: string; perhapsPaid: boolean; retryAfterMilliseconds?: number }
  | { kind: 'blocked'; message: string }
  | { kind: 'unscorable'; reason: string };

type Row = (seen: { error: APIError; endpoint: Endpoint; where: string }) => JudgeFailure;

const passes =
  (what: string, perhapsPaid = false): Row =>
  ({ error, endpoint, where }) => ({
    kind: 'unavailable',
    message: `The judge at ${where} ${what}${details(error, endpoint)}. It will be asked again.`,
    perhapsPaid,
    ...retryAfter(error.headers),
  });
const stays =
  (problem: (endpoint: Endpoint) => string, remedy: string): Row =>
  ({ error, endpoint, where }) => ({
    kind: 'blocked',
    message: `The judge at ${where} ${problem(endpoint)}${details(error, endpoint)}: ${remedy}, then \`videocap resume\`.`,
  });
const refuses =
  (reason: string): Row =>
  () => ({ kind: 'unscorable', reason });

/** What the endpoint calls the fault, where that says more than the status. */
const BY_CODE: Record<string, Row> = {
  insufficient_quota: stays(
    ({ apiKeyEnv }) => `has no quota left for the key in ${apiKeyEnv} (judge.apiKeyEnv)`,
    'top up the account',
  ),
  billing_hard_limit_reached: stays(
    ({ apiKeyEnv }) => `has no budget left for the key in ${apiKeyEnv} (judge.apiKeyEnv)`,
    "raise the account's limit",
  ),
  content_filter: refuses('the endpoint filtered the content'),
  content_policy_violation: refuses('the endpoint filtered the content'),
  context_length_exceeded: refuses('the question is longer than the judge can read'),
};

const BY_STATUS: Record<number, Row> = {
  401: stays(
    ({ apiKeyEnv }) => `refuses the key in the environment variable ${apiKeyEnv} (judge.apiKeyEnv)`,
    'start the worker with a valid one',
  ),
  402: BY_CODE.insufficient_quota!,
  403: stays(
    ({ apiKeyEnv, model }) => `does not let the key in ${apiKeyEnv} (judge.apiKeyEnv) use "${model}" (judge.model)`,
    'have it allowed',
  ),
  404: stays(
    ({ model }) => `knows no model "${model}" (judge.model) under this address (judge.baseUrl)`,
    'serve it there',
  ),
  408: passes('timed out', true),
  409: passes('was in conflict with another request'),
  425: passes('was not ready'),
  429: passes('asks for fewer requests'),
  502: passes('cannot be reached behind its proxy', true),
  504: passes('did not answer its proxy in time', true),
};
const OTHER_CLIENT_ERROR = stays(
  () =>
    'refuses the request; `videocap judge check` says whether judge.model, judge.maxTokens and judge.answerFormat fit it',
  'mend the endpoint',
);
const SERVER_ERROR = passes('is in trouble');

/**
 * The one table of what can go wrong between us and an OpenAI-compatible endpoint; `undefined` for anything else. Messages
 * name the remedy and the endpoint's own codes, never its words: those may repeat the key, the prompt or the caption.
 */
export function classifyFailure(error: unknown, endpoint: Endpoint): JudgeFailure | undefined {
  const where = withoutCredentials(endpoint.baseUrl);
  if (isBrokenConnection(error))
    return {
      kind: 'unavailable',
      message: `The judge at ${where} (judge.baseUrl) cannot be reached, or breaks off. It will be asked again.`,
      perhapsPaid: !isUnreachable(error),
    };
  if (!(error instanceof APIError) || error.status === undefined) return undefined;
  return rowFor(error)({ error, endpoint, where });
}

/** Refused, lost, or ended in the middle of an answer: then `fetch` throws a TypeError, or the JSON ends early. */
function isBrokenConnection(error: unknown): boolean {
  if (error instanceof APIConnectionError || error instanceof SyntaxError) return true;
  return error instanceof TypeError && (error.message === 'terminated' || error.cause !== undefined);
}

/** Then no request has reached the endpoint. The system's code is at the end of a chain of causes. */
function isUnreachable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (UNREACHABLE.has((cause as NodeJS.ErrnoException).code ?? '')) return true;
  return false;
}
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function rowFor(error: APIError): Row {
  const status = error.status as number;
  const named = BY_CODE[error.code ?? ''] ?? BY_CODE[error.type ?? ''];
  if (named) return named;
  // The endpoint's own word on whether to try again wins over the status.
  const word = error.headers?.get('x-should-retry');
  if (word === 'true') return passes('asks to be asked again');
  if (word === 'false' && status === 429) return BY_CODE.insufficient_quota!;
  return BY_STATUS[status] ?? (status >= 500 ? SERVER_ERROR : OTHER_CLIENT_ERROR);
}

/** `retry-after-ms`, else `retry-after` as seconds or date; between a second and a day. */
function retryAfter(headers: Headers | undefined): { retryAfterMilliseconds?: number } {
  const milliseconds = headers?.get('retry-after-ms');
  const seconds = headers?.get('retry-after');
  const wait = milliseconds
    ? Number(milliseconds)
    : seconds
      ? Number.isNaN(Number(seconds))
        ? Date.parse(seconds) - Date.now()
        : Number(seconds) * 1000
      : Number.NaN;
  return Number.isNaN(wait) ? {} : { retryAfterMilliseconds: Math.min(86_400_000, Math.max(1000, Math.round(wait))) };
}

/**
 * ` (status 400, code x, param y, request z)`: only what looks like an identifier, since the endpoint wrote it, and is neither
 * the key nor a piece of it.
 */
function details(error: APIError, { apiKey = '' }: Endpoint): string {
  const { status, code, param, requestID } = error;
  const isKey = (text: string) =>
    isSecret(apiKey) && (text.includes(apiKey) || (text.length >= 8 && apiKey.includes(text)));
  const parts = Object.entries({ status, code, param, request: requestID }).filter(
    ([, text]) => text != null && /^[\w.[\]-]{1,64}$/.test(String(text)) && !isKey(String(text)),
  );
  return ` (${parts.map(([name, text]) => `${name} ${text}`).join(', ')})`;
}

/** Servers without keys are given any short word as one. */
export function isSecret(apiKey: string): boolean {
  return apiKey.length >= 12;
}

export function withoutCredentials(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname === '/' ? '' : pathname}`;
}
