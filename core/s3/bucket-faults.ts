import { VideocapError } from '../errors.ts';

/** What keeps a bucket from answering. All of them pass: by themselves, or once a person has acted. */
export interface BucketFault {
  /**
   * `refused`: the credentials are missing, expired or lack a permission. `no bucket`: there is none of this name.
   * `away`: the server or the network does not serve the request now.
   */
  kind: 'refused' | 'no bucket' | 'away';
  /** In the words of S3 or of the system: `ExpiredToken`, `SlowDown`, `ECONNREFUSED`. */
  name: string;
}

const REFUSALS = new Set([
  ...['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'InvalidToken', 'RequestExpired'],
  ...['CredentialsProviderError', 'TokenProviderError', 'ProviderError'],
]);
const AWAY = new Set([
  ...['SlowDown', 'RequestTimeout', 'TimeoutError', 'BadDigest', 'IncompleteBody', 'ConditionalRequestConflict'],
  // The upload was ended by `videocap gc` or a rule of the bucket; its writer begins it again.
  ...['OperationAborted', 'XAmzContentSHA256Mismatch', 'NoSuchUpload'],
]);
const CONNECTION = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ENETDOWN', 'EADDRNOTAVAIL'],
]);
/** What the SDK calls answers without a body, or with one that is not S3's. */
const UNNAMED = new Set([
  '',
  'Error',
  'SyntaxError',
  'Unknown',
  'UnknownError',
  'BadRequest',
  '400',
  '403',
  'Forbidden',
  'NotFound',
]);
const MISSING = new Set(['NoSuchKey', 'NoSuchUpload']);
/**
 * Statuses below 500 that pass; 501 says that the server has no such request. A 404 that names no error of S3 comes
 * from something in front of the server, such as a proxy: it says nothing of the object.
 */
const PASSING_STATUSES = new Set([404, 408, 409, 425, 429]);

/** The fault behind an error of the AWS SDK, or undefined for an answer, a file's error or a defect. */
export function faultOf(error: unknown): BucketFault | undefined {
  const { name = '', code = '', $metadata, $response } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
  if (name === 'NoSuchBucket') return { kind: 'no bucket', name };
  // The answer to HEAD has no body that could say `ExpiredToken`, and nothing else is wrong with such a request.
  const isBare = status === 400 && UNNAMED.has(name);
  if (REFUSALS.has(name) || isBare || status === 401 || status === 403)
    return { kind: 'refused', name: nameOr(name, status) };
  if (CONNECTION.has(code)) return { kind: 'away', name: code };
  if (name === 'NoSuchKey') return undefined;
  if (AWAY.has(name) || PASSING_STATUSES.has(status) || (status >= 500 && status !== 501))
    return { kind: 'away', name: nameOr(name, status) };
  return undefined;
}

/** Whether a conditional put found an object, of which the server says nothing else. */
export function isThere(error: unknown): boolean {
  const { name, $metadata } = error as SdkError;
  return name === 'PreconditionFailed' || $metadata?.httpStatusCode === 412;
}

/** Whether the server says that there is no such object, or no such upload. */
export function isMissing(error: unknown): boolean {
  return MISSING.has((error as SdkError).name ?? '');
}

/** Whether a HEAD found nothing: its answer has no body that could say what is missing, the object or the bucket. */
export function foundNothing(error: unknown): boolean {
  return (error as SdkError).$metadata?.httpStatusCode === 404;
}

/** An error that is no fault: of the SDK, only what the server says of it. */
export function withoutRequest(store: string, error: unknown): unknown {
  if (!(error instanceof Error && '$metadata' in error)) return error;
  return new Error(`The store ${store} refuses a request: ${error.name}: ${error.message}`);
}

/** Without the SDK's error as its cause: it holds the request, with the signature and the key's id. */
export function bucketError(store: string, { kind, name }: BucketFault): VideocapError {
  return new VideocapError('Unavailable', SENTENCES[kind](store, name));
}

const SENTENCES: Record<BucketFault['kind'], (store: string, name: string) => string> = {
  refused: (store, name) =>
    `The store ${store} refuses the credentials (${name}); renew them, or allow s3:GetObject, s3:PutObject, ` +
    's3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket and s3:ListBucketMultipartUploads. They are read again ' +
    'at the next attempt, but for those in environment variables.',
  'no bucket': (store) => `There is no bucket for the store ${store}; make it, or correct VIDEOCAP_STORE.`,
  away: (store, name) =>
    `The store ${store} does not answer (${name}); it is asked again. If it is not there, correct VIDEOCAP_STORE.`,
};

interface SdkError {
  name?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number };
}

function nameOr(name: string, status: number): string {
  return status !== 0 && UNNAMED.has(name) ? `${status}` : name;
}
