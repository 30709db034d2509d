import { APIConnectionError, APIError } from 'openai';
import type { FailedRequest } from '../../client/chat-api.ts';
import { withoutCredentials } from '../../client/credentials.ts';
import type { JudgeFault } from '../../client/judge-error.ts';
import { tellsSecret } from '../../client/secrets.ts';
import type { LlmJudgeConfig } from '../../judge-config.ts';
import type { Unscorable } from '../../questions/question.ts';

type FailingEndpoint = Pick<Extract<LlmJudgeConfig, { provider: 'openai' }>, 'baseUrl' | 'model' | 'apiKeyEnv'> & {
  /** The key itself, and other values that must not come back in a message. */
  secrets?: readonly string[];
  /** The proxy that requests go through, as messages name it. */
  proxy?: string | undefined;
};

type Row = (seen: { error: APIError; endpoint: FailingEndpoint; where: string }) => FailedRequest | Unscorable;

/** It passes: ask again later. */
const passes =
  (what: string, perhapsPaid = false): Row =>
  ({ error, endpoint, where }) => ({
    fault: {
      kind: 'unavailable',
      sentence: `The judge at ${where} ${what}`,
      details: details(error, endpoint),
      ...retryAfter(error.headers),
    },
    perhapsPaid,
  });
/** It stays until a person changes the key, the account or the endpoint. */
const stays =
  (problem: (endpoint: FailingEndpoint) => string, remedy: string): Row =>
  ({ error, endpoint, where }) => ({
    fault: {
      kind: 'blocked',
      sentence: `The judge at ${where} ${problem(endpoint)}`,
      details: details(error, endpoint),
      remedy,
    },
    perhapsPaid: false,
  });
/** The endpoint answered, and its answer is that it will not judge this text. */
const refuses =
  (reason: string): Row =>
  () => ({ unscorable: true, reason });

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
const REDIRECTION = stays(
  () => 'sends requests on to another address',
  'set judge.baseUrl to that address, if you trust it',
);
const OTHER_CLIENT_ERROR = stays(
  () =>
    'refuses the request; ' +
    '`videocap judge check` says which of judge.model, judge.maxTokens, judge.answerFormat, judge.extraBody and ' +
    'judge.systemRole do not fit it',
  'correct the config or the endpoint',
);
const SERVER_ERROR = passes('has an internal error');

/**
 * What a failed request to an OpenAI-compatible endpoint means; `undefined` for an error that is not the endpoint's.
 * Faults name the remedy and the endpoint's own codes, never its words: those may repeat the key, the prompt or the
 * caption.
 */
export function classifyFailure(error: unknown, endpoint: FailingEndpoint): FailedRequest | Unscorable | undefined {
  const where = withoutCredentials(endpoint.baseUrl);
  const { proxy } = endpoint;
  const refusal = proxy === undefined ? undefined : proxyRefusal(error);
  if (refusal !== undefined) return { fault: proxyFault(refusal, `${proxy}`, where), perhapsPaid: false };
  if (isBrokenConnection(error)) {
    const through = proxy === undefined ? '' : `; requests go through the proxy ${proxy}`;
    return {
      fault: {
        kind: 'unavailable',
        sentence: `The judge at ${where} (judge.baseUrl) cannot be reached, or closes the connection${through}`,
      },
      perhapsPaid: !isUnreachable(error),
    };
  }
  if (!(error instanceof APIError) || error.status === undefined) return undefined;
  return rowFor(error)({ error, endpoint, where });
}

/** Refused, lost, or ended in the middle of an answer: then `fetch` throws a TypeError, or the JSON ends early. */
function isBrokenConnection(error: unknown): boolean {
  if (error instanceof APIConnectionError || error instanceof SyntaxError) return true;
  return error instanceof TypeError && (error.message === 'terminated' || error.cause !== undefined);
}

/** Whether no request can have reached the endpoint. The system's code is at the end of a chain of causes. */
function isUnreachable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (UNREACHABLE.has((cause as NodeJS.ErrnoException).code ?? '')) return true;
  return false;
}
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The status by which a proxy has refused to pass a request on; undici has it in its messages only. */
function proxyRefusal(error: unknown): number | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(cause.message) ?? [];
    if (status !== undefined) return Number(status);
  }
  return undefined;
}

function proxyFault(status: number, proxy: string, where: string): JudgeFault {
  const details = `status ${status}`;
  if (status >= 500)
    return { kind: 'unavailable', sentence: `The proxy ${proxy} does not reach the judge at ${where}`, details };
  if (status === 407)
    return {
      kind: 'blocked',
      sentence: `The proxy ${proxy} asks for another user name and password`,
      details,
      remedy: "put them into the proxy's URL, http://USER:PASSWORD@HOST:PORT, where the worker runs",
    };
  return {
    kind: 'blocked',
    sentence: `The proxy ${proxy} does not let the worker reach the judge at ${where}`,
    details,
    remedy: 'have it allowed, or name the host in NO_PROXY where the worker runs',
  };
}

function rowFor(error: APIError): Row {
  const status = error.status as number;
  const named = BY_CODE[error.code ?? ''] ?? BY_CODE[error.type ?? ''];
  if (named) return named;
  // Some endpoints say themselves whether to try again: that wins over the status.
  const word = error.headers?.get('x-should-retry');
  if (word === 'true') return passes('asks for a retry');
  if (word === 'false' && status === 429) return BY_CODE.insufficient_quota!;
  return BY_STATUS[status] ?? (status >= 500 ? SERVER_ERROR : status < 400 ? REDIRECTION : OTHER_CLIENT_ERROR);
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
 * `status 400, code x, param y, request z`: only what looks like an identifier, since the endpoint wrote it, and is
 * neither a secret nor a piece of one.
 */
function details(error: APIError, { secrets = [] }: FailingEndpoint): string {
  const { status, code, param, requestID } = error;
  const parts = Object.entries({ status, code, param, request: requestID }).filter(
    ([, text]) => text != null && /^[\w.[\]-]{1,64}$/.test(String(text)) && !tellsSecret(String(text), secrets),
  );
  return parts.map(([name, text]) => `${name} ${text}`).join(', ');
}
