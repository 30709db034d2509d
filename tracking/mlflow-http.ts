import { setTimeout as sleep } from 'node:timers/promises';
import { VideocapError } from '../core/errors.ts';
import { responseText } from '../core/response-text.ts';
import { isHeaderValue } from '../core/secret-variables.ts';
import { MlflowError } from './mlflow-error.ts';

export interface MlflowHttpOptions {
  /** Address of the tracking server. */
  url: string;
  /**
   * Where credentials are looked up: `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and
   * `MLFLOW_TRACKING_PASSWORD`.
   */
  env?: NodeJS.ProcessEnv;
  /** Aborts what is under way. */
  signal?: () => AbortSignal | undefined;
  timeoutSeconds?: number;
  /** Tries of one request, the first included. Few, since the caller retries for longer. */
  attempts?: number;
  /** Pause before the second try; it doubles, and half of it is left to chance. */
  pauseSeconds?: number;
}

export interface MlflowRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the server's root, such as `/api/2.0/mlflow/runs/get`. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  json?: unknown;
  bytes?: Uint8Array;
  /** False for requests that must not reach the server twice. */
  repeatable?: boolean;
}

const LONGEST_PAUSE_SECONDS = 10;
/** A slow connection still moves this many bytes a second; a large upload is given its time. */
const SLOW_BYTES_PER_SECOND = 250_000;

/** Bytes: a page of MLflow's largest list has a tenth. */
const LONGEST_ANSWER = 2 ** 26;

/** MLflow over HTTP: credentials, time limits, and a few retries on a bad connection. */
export class MlflowHttp {
  /** Without credentials and trailing slash: fit for links. */
  readonly url: string;
  readonly #options: MlflowHttpOptions;
  readonly #authorization: string | undefined;

  /** @throws VideocapError `InvalidConfig` for an address that is not http(s), or a token that no header can hold. */
  constructor(options: MlflowHttpOptions) {
    const address = parseAddress(options.url);
    this.#authorization = authorization(address, options.env ?? process.env);
    address.username = '';
    address.password = '';
    address.hash = '';
    address.search = '';
    this.url = address.href.replace(/\/+$/, '');
    this.#options = options;
  }

  /**
   * The answer's JSON, or its text where it is none.
   * @throws MlflowError
   */
  async request(request: MlflowRequest): Promise<unknown> {
    const { attempts = 3, pauseSeconds = 0.5 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(request);
      } catch (error) {
        const again = error instanceof MlflowError && error.passing && request.repeatable !== false;
        if (!again || attempt >= attempts) throw error;
        const asked = error.retryAfterSeconds ?? pauseSeconds * 2 ** (attempt - 1);
        const pause = Math.min(asked, LONGEST_PAUSE_SECONDS) * (0.5 + Math.random() / 2);
        await sleep(pause * 1000, undefined, { ...signalOf(this.#options) });
      }
    }
  }

  async #once({ method, path, query, headers, json, bytes }: MlflowRequest): Promise<unknown> {
    const { timeoutSeconds = 30 } = this.#options;
    const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
    const seconds = timeoutSeconds + (bytes?.byteLength ?? 0) / SLOW_BYTES_PER_SECOND;
    const timeout = AbortSignal.timeout(Math.ceil(seconds * 1000));
    const { signal } = signalOf(this.#options);
    const target = `${this.url}${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
    try {
      const response = await fetch(target, {
        method,
        headers: {
          ...headers,
          ...(this.#authorization && { authorization: this.#authorization }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(bytes && { 'content-type': 'application/octet-stream' }),
        },
        ...(body !== undefined && { body }),
        signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      });
      const { text, whole } = await responseText(response, LONGEST_ANSWER);
      if (!response.ok) throw failureOf(response, text);
      if (!whole) throw tooLong(`${method} ${path}`);
      return parsed(text);
    } catch (error) {
      if (error instanceof MlflowError) throw error;
      signal?.throwIfAborted();
      if (timeout.aborted)
        throw new MlflowError(
          { status: 0, errorCode: 'TIMEOUT', message: `no answer to ${method} ${path} in ${Math.round(seconds)} s` },
          { cause: error },
        );
      throw new MlflowError(
        { status: 0, errorCode: 'NETWORK', message: `${method} ${path}: ${reasonOf(error)}` },
        { cause: error },
      );
    }
  }
}

function signalOf({ signal }: MlflowHttpOptions): { signal?: AbortSignal } {
  const current = signal?.();
  return current ? { signal: current } : {};
}

function parseAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol === 'http:' || address?.protocol === 'https:') return address;
  throw new VideocapError(
    'InvalidConfig',
    `MLFLOW_TRACKING_URI is "${url.replace(/[^/]*@/, '***@')}"; it must be the http:// or https:// address of an ` +
      'MLflow server.',
  );
}

function authorization(address: URL, env: NodeJS.ProcessEnv): string | undefined {
  const token = env.MLFLOW_TRACKING_TOKEN?.trim();
  if (token && !isHeaderValue(token))
    throw new VideocapError(
      'InvalidConfig',
      'The environment variable MLFLOW_TRACKING_TOKEN holds a line break, or a character that no HTTP header can ' +
        'carry; correct it where the worker runs.',
    );
  if (token) return `Bearer ${token}`;
  const user = decodeURIComponent(address.username) || env.MLFLOW_TRACKING_USERNAME;
  const password = decodeURIComponent(address.password) || env.MLFLOW_TRACKING_PASSWORD;
  return user ? `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` : undefined;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return text;
  }
}

function tooLong(request: string): MlflowError {
  const message = `the answer to ${request} has more than ${LONGEST_ANSWER} bytes`;
  return new MlflowError({ status: 0, errorCode: 'ANSWER_TOO_LONG', message });
}

/** MLflow answers errors with `{error_code, message}`; anything else comes from a proxy in between. */
function failureOf(response: Response, text: string): MlflowError {
  const body = parsed(text) as { error_code?: unknown; message?: unknown } | null;
  const known = typeof body === 'object' && body !== null && typeof body.error_code === 'string';
  const { status } = response;
  return new MlflowError({
    status,
    errorCode: known ? (body.error_code as string) : status === 404 || status === 405 ? 'NOT_MLFLOW' : `HTTP_${status}`,
    message: known && typeof body.message === 'string' ? body.message : `HTTP ${status} ${response.statusText}`.trim(),
    retryAfterSeconds: secondsOf(response.headers.get('retry-after')),
  });
}

function secondsOf(retryAfter: string | null): number | undefined {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

/** `fetch failed` gives no reason; its cause does. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
