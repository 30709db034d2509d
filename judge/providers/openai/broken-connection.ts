import { APIConnectionError } from 'openai';
import type { FailedRequest } from '../../client/chat-api.ts';

/** Refused, lost, or ended in the middle of an answer: then `fetch` throws a TypeError, or the JSON ends early. */
export function isBrokenConnection(error: unknown): boolean {
  if (error instanceof APIConnectionError || error instanceof SyntaxError) return true;
  return error instanceof TypeError && (error.message === 'terminated' || error.cause !== undefined);
}

/** What stays until a person acts, by the code at the end of a chain of causes: the problem, and its remedy. */
const STAYING: readonly (readonly [code: RegExp, problem: string, remedy: string])[] = [
  [
    /SELF_SIGNED_CERT|^UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/,
    'has a certificate that no authority known here has signed',
    'name the file of its authority in NODE_EXTRA_CA_CERTS where the worker starts',
  ],
  [
    /^CERT_HAS_EXPIRED$|^CERT_NOT_YET_VALID$/,
    'has a certificate that is not valid today',
    'renew it, or set the clock right',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'has a certificate for another host name',
    'use the name in judge.baseUrl that the certificate is for',
  ],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$|^EPROTO$/,
    'does not speak https on this port',
    'write http:// in judge.baseUrl, or name the port that speaks https',
  ],
  [/^HPE_\w+$/, 'answers, but not in HTTP', 'check the host and the port in judge.baseUrl'],
];
/** Codes with which no request can have reached the endpoint. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** What a connection means that could not be made, or broke. @param proxy as messages name it. */
export function brokenConnection(error: unknown, { where, proxy }: { where: string; proxy?: string }): FailedRequest {
  const codes = codesOf(error);
  const details = codes.find((code) => /^[A-Z][A-Z0-9_]{1,40}$/.test(code));
  const through = proxy === undefined ? '' : `; requests go through the proxy ${proxy}`;
  for (const [code, problem, remedy] of STAYING) {
    if (!codes.some((one) => code.test(one))) continue;
    const sentence = `The judge at ${where} (judge.baseUrl) ${problem}${through}`;
    return { fault: { kind: 'blocked', sentence, remedy, ...(details && { details }) }, perhapsPaid: false };
  }
  const unreachable = codes.some((code) => UNREACHABLE.has(code));
  return {
    fault: {
      kind: 'unavailable',
      sentence: `The judge at ${where} (judge.baseUrl) cannot be reached, or closes the connection${through}`,
      ...(details && { details }),
      ...(!unreachable && { perhapsOneQuestion: true }),
    },
    perhapsPaid: !unreachable,
  };
}

/** The innermost first. A name with several addresses fails with one error for each. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = (error as NodeJS.ErrnoException).code;
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : codesOf(error.cause);
  return [...inner, ...(typeof own === 'string' ? [own] : [])];
}
