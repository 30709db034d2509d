import { APIConnectionError, APIError } from 'openai';
import type { FailedRequest, RefusedRequest } from '../../client/chat-api.ts';
import { withoutCredentials } from '../../client/credentials.ts';
import type { JudgeFault } from '../../client/judge-error.ts';
import { tellsSecret } from '../../client/secrets.ts';
import type { LlmJudgeConfig } from '../../judge-config.ts';
import { accountLocked, nothingLeft } from './account-at-fault.ts';
import { brokenConnection, isBrokenConnection } from './broken-connection.ts';
import { errorIn, type SaidError } from './error-body.ts';
import { asksToWait, messageOf, refusalOf } from './refusal-of.ts';
import type { Refusal } from './refusals.ts';
import { LONGEST_REPLY, ReplyTooLong } from './whole-answers.ts';

/** The endpoint that failed, as its faults name it. */
export type FailingEndpoint = Pick<
  Extract<LlmJudgeConfig, { provider: 'openai' }>,
  'baseUrl' | 'model' | 'apiKeyEnv'
> & {
  /** The key itself, and other values that must not come back in a message. */
  secrets?: readonly string[];
  /** The proxy that requests go through, as messages name it. */
  proxy?: string | undefined;
  /** The texts of the request, which an error may repeat. */
  asked?: readonly string[];
  /** Whether it was shown pictures. */
  showing?: boolean;
};

/** What of a failure the rows are chosen by, and show. */
interface Failure {
  status: number;
  said: SaidError;
  headers?: Headers | undefined;
  request?: string | null | undefined;
}

type Row = (seen: { failure: Failure; endpoint: FailingEndpoint; where: string }) => FailedRequest | RefusedRequest;

/**
 * It passes: ask again later. `ofAll`: whatever is asked; any other may be due to one question, if the endpoint goes on
 * answering others.
 */
const passes =
  (what: string, { perhapsPaid = false, ofAll = false, fewerRequests = false } = {}): Row =>
  ({ failure, endpoint, where }) => ({
    fault: {
      kind: 'unavailable',
      sentence: `The judge at ${where} ${what}`,
      details: details(failure, endpoint),
      ...retryAfter(failure.headers),
      ...(!ofAll && { perhapsOneQuestion: true }),
      ...(fewerRequests && { fewerRequests: true }),
    },
    perhapsPaid,
  });
/** It stays until a person changes the key, the account or the endpoint. */
const stays =
  (problem: (endpoint: FailingEndpoint) => string, remedy: string): Row =>
  ({ failure, endpoint, where }) => ({
    fault: {
      kind: 'blocked',
      sentence: `The judge at ${where} ${problem(endpoint)}`,
      details: details(failure, endpoint),
      remedy,
    },
    perhapsPaid: false,
  });
/** What it means that an endpoint refuses one request rather than all. */
const BY_REFUSAL: Record<Refusal, Row> = {
  filtered: () => ({ unscorable: true, reason: 'the endpoint filtered the content', unread: true }),
  // Only answers to others show whether it is this text.
  'perhaps filtered': passes('refuses the request, perhaps because of its text'),
  'question too long': () => ({
    unscorable: true,
    reason: 'the question is longer than the judge can read',
    tooLong: true,
    unread: true,
  }),
  'answer too long': (seen) => ({
    ...ANSWER_TOO_LONG(seen),
    tooLong: true,
  }),
};
const ANSWER_TOO_LONG = stays(
  () => 'refuses judge.maxTokens, since the model writes no answer of so many tokens',
  'set a smaller judge.maxTokens',
);

const NO_QUOTA = stays(
  ({ apiKeyEnv }) => `has no quota left for the key in ${apiKeyEnv} (judge.apiKeyEnv)`,
  'top up the account',
);

/** What the endpoint calls the fault, where that says more than the status. */
const BY_CODE: Record<string, Row> = {
  insufficient_quota: NO_QUOTA,
  // Moonshot's, DashScope's and Zhipu's.
  exceeded_current_quota_error: NO_QUOTA,
  Arrearage: NO_QUOTA,
  '1113': NO_QUOTA,
  billing_hard_limit_reached: stays(
    ({ apiKeyEnv }) => `has no budget left for the key in ${apiKeyEnv} (judge.apiKeyEnv)`,
    "raise the account's limit",
  ),
};

const BY_STATUS: Record<number, Row> = {
  401: stays(
    ({ apiKeyEnv }) => `refuses the key in the environment variable ${apiKeyEnv} (judge.apiKeyEnv)`,
    'start the worker with a valid one',
  ),
  402: NO_QUOTA,
  403: stays(
    ({ apiKeyEnv, model }) => `does not let the key in ${apiKeyEnv} (judge.apiKeyEnv) use "${model}" (judge.model)`,
    'have it allowed',
  ),
  404: stays(
    ({ model }) => `knows no model "${model}" (judge.model) under this address (judge.baseUrl)`,
    'serve it there',
  ),
  408: passes('timed out', { perhapsPaid: true }),
  409: passes('was in conflict with another request', { ofAll: true }),
  413: BY_REFUSAL['question too long'],
  425: passes('was not ready', { ofAll: true }),
  429: passes('asks for fewer requests', { ofAll: true, fewerRequests: true }),
  502: passes('cannot be reached behind its proxy', { perhapsPaid: true }),
  504: passes('did not answer its proxy in time', { perhapsPaid: true }),
};
const REDIRECTION = stays(
  () => 'sends requests on to another address',
  'set judge.baseUrl to that address, if you trust it',
);
const OTHER_CLIENT_ERROR = stays(
  ({ showing }) =>
    showing
      ? 'refuses the request; compare judge.frames, judge.extraBody and judge.maxTokens with what it takes'
      : 'refuses the request; ' +
        '`videocap judge check` says which of judge.model, judge.maxTokens, judge.answerFormat, judge.extraBody and ' +
        'judge.systemRole do not fit it',
  'correct the config or the endpoint',
);
const SERVER_ERROR = passes('has an internal error');
const SPEAKS_HTTPS = 'speaks https on this port';
const WRITE_HTTPS = 'write https:// in judge.baseUrl';
/** Of a web server that says itself that it speaks TLS on this port, through a proxy too. */
const WANTS_TLS = stays(() => SPEAKS_HTTPS, WRITE_HTTPS);
const SAYS_HTTPS = /plain http request was sent to (?:an? )?https port|client sent an http request to an https/i;

/** Of a server that was seen to speak https on a port that was asked in http. */
export function wantsTls(endpoint: FailingEndpoint): FailedRequest {
  const sentence = `The judge at ${withoutCredentials(endpoint.baseUrl)} ${SPEAKS_HTTPS}`;
  return { fault: { kind: 'blocked', sentence, remedy: WRITE_HTTPS }, perhapsPaid: false };
}

/**
 * Whether a failed request may have been plain http to a port that speaks https: the connection broke, or the answer is
 * no error as these APIs write them.
 */
export function mayWantTls(error: unknown, { baseUrl, proxy }: FailingEndpoint): boolean {
  if (!baseUrl.startsWith('http:') || proxy !== undefined) return false;
  if (isBrokenConnection(error)) return true;
  return error instanceof APIError && error.status === 400 && error.code == null && error.type == null;
}

/**
 * What a failed request to an OpenAI-compatible endpoint means; `undefined` for an error that is not the endpoint's.
 * Faults name the remedy and the endpoint's own codes, never its words: those may repeat the key, the prompt or the
 * caption.
 */
export function classifyFailure(error: unknown, endpoint: FailingEndpoint): FailedRequest | RefusedRequest | undefined {
  const where = withoutCredentials(endpoint.baseUrl);
  const { proxy } = endpoint;
  const refusal = proxy === undefined ? undefined : proxyRefusal(error);
  if (refusal !== undefined) return { fault: proxyFault(refusal, `${proxy}`, where), perhapsPaid: false };
  if (error instanceof APIConnectionError && error.cause instanceof ReplyTooLong) return replyTooLong(where);
  if (isBrokenConnection(error)) return brokenConnection(error, { where, ...(proxy !== undefined && { proxy }) });
  if (!(error instanceof APIError) || error.status === undefined) return undefined;
  const { status, headers, requestID: request } = error;
  const said = { code: error.code ?? undefined, type: error.type, param: error.param ?? undefined };
  const failure = { status, headers, request, said: { ...said, message: error.message, ...errorIn(error.error) } };
  return rowFor(failure, endpoint)({ failure, endpoint, where });
}

/**
 * What an error means that an endpoint tells in a response with status 200: what it would mean as the status that its
 * code names, else as 500. Never an answer.
 */
export function classifySaid(
  said: SaidError,
  endpoint: FailingEndpoint,
  { perhapsPaid }: { perhapsPaid: boolean },
): FailedRequest | RefusedRequest {
  const code = Number(said.code);
  const failure = { status: code >= 400 && code <= 599 ? code : 500, said };
  const where = withoutCredentials(endpoint.baseUrl);
  const meaning = rowFor(failure, endpoint)({ failure, endpoint, where });
  return 'perhapsPaid' in meaning ? { ...meaning, perhapsPaid } : meaning;
}

/** Never an answer, whatever it began with. It is perhaps paid, and perhaps sent to this one question alone. */
function replyTooLong(where: string): FailedRequest {
  const sentence = `The judge at ${where} answers with more than ${LONGEST_REPLY / 2 ** 20} MiB`;
  return { fault: { kind: 'unavailable', sentence, perhapsOneQuestion: true }, perhapsPaid: true };
}

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

function rowFor({ status, said, headers }: Failure, { asked }: FailingEndpoint): Row {
  const named = BY_CODE[said.code ?? ''] ?? BY_CODE[said.type ?? ''];
  if (named) return named;
  // A key, an account or an address is at fault, however it is worded.
  const refusal = [401, 402, 404].includes(status) ? undefined : refusalOf(said, { status, asked });
  if (refusal) return BY_REFUSAL[refusal];
  if (nothingLeft(messageOf(said, asked))) return NO_QUOTA;
  if (status === 429 && accountLocked(messageOf(said, asked))) return BY_STATUS[403]!;
  if (status === 400 && SAYS_HTTPS.test(messageOf(said, asked))) return WANTS_TLS;
  // Some endpoints say themselves whether to try again: that wins over the status.
  const word = headers?.get('x-should-retry');
  if (word === 'true' && status !== 429) return passes('asks for a retry');
  if (word === 'false' && status === 429) return NO_QUOTA;
  if ((status === 400 || status === 422 || status === 403) && asksToWait(said, asked)) return BY_STATUS[429]!;
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
function details({ status, said: { code, param }, request }: Failure, { secrets = [] }: FailingEndpoint): string {
  const parts = Object.entries({ status, code, param, request }).filter(
    ([, text]) => text != null && /^[\w.[\]-]{1,64}$/.test(String(text)) && !tellsSecret(String(text), secrets),
  );
  return parts.map(([name, text]) => `${name} ${text}`).join(', ');
}
