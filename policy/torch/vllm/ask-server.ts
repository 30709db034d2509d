import { Agent, fetch } from 'undici';
import { RolloutFault } from './rollout-fault.ts';

/** A server answers when it has written everything, so a long completion sends nothing for minutes. */
const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** Bytes of an answer: the log-probabilities of a prompt take 100 for each token. */
const LONGEST_ANSWER = 2 ** 26;
/** Characters of a server's own message in an error. */
const LONGEST_MESSAGE = 300;
/** Statuses of a server that is starting, overloaded or ending. */
const PASSING = new Set([408, 425, 429]);

export interface ServerRequest {
  path: string;
  /** Absent: GET. */
  body?: unknown;
  seconds: number;
  signal?: AbortSignal | undefined;
  /** Statuses to return in place of throwing. */
  expected?: readonly number[];
}

export interface ServerAnswer {
  status: number;
  text: string;
}

/**
 * One request to a rollout server, which is not repeated. Redirects are not followed: they could lead to a server that
 * is not allowed.
 * @throws RolloutFault; the signal's reason.
 */
export async function askServer(url: string, request: ServerRequest): Promise<ServerAnswer> {
  const { path, body, seconds, signal: caller, expected = [] } = request;
  caller?.throwIfAborted();
  const timeout = AbortSignal.timeout(1000 * seconds);
  const signal = caller ? AbortSignal.any([caller, timeout]) : timeout;
  const sentence = (problem: string) => `The rollout server ${url} ${problem}`;
  let answer: ServerAnswer;
  try {
    const response = await fetch(url + path, {
      ...(body !== undefined && {
        ...{ method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
      }),
      ...{ redirect: 'manual', signal, dispatcher: agent },
    });
    answer = { status: response.status, text: await bounded(response.body ?? []) };
  } catch (error) {
    caller?.throwIfAborted();
    if (error instanceof RolloutFault) throw error;
    const problem = timeout.aborted
      ? `did not answer ${path} within ${seconds} s`
      : `does not answer: ${codeOf(error)}`;
    throw new RolloutFault('away', sentence(problem), { cause: error });
  }
  const { status, text } = answer;
  if ((status >= 200 && status < 300) || expected.includes(status)) return answer;
  const said = sentence(`answers ${path.replace(/\?.*/, '')} with status ${status}${messageIn(text)}`);
  throw new RolloutFault(status >= 500 || PASSING.has(status) ? 'away' : 'refused', said);

  async function bounded(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of parts) {
      bytes += part.byteLength;
      if (bytes > LONGEST_ANSWER)
        throw new RolloutFault('refused', sentence(`answers ${path} with more than ${LONGEST_ANSWER} bytes`));
      taken.push(part);
    }
    return Buffer.concat(taken).toString('utf8');
  }
}

/** The message of vLLM's error objects, on one line. */
function messageIn(text: string): string {
  let message: unknown = text;
  try {
    const { error, detail } = JSON.parse(text) as { error?: { message?: unknown } | string; detail?: unknown };
    message = (typeof error === 'object' ? error.message : error) ?? detail ?? text;
  } catch {
    // Not JSON: the text itself.
  }
  const line = (typeof message === 'string' ? message : JSON.stringify(message)).replaceAll(/\s+/g, ' ').trim();
  return line === '' ? '' : `: ${line.slice(0, LONGEST_MESSAGE)}`;
}

/** The code of the cause: the error of `fetch` itself is always `fetch failed`. */
function codeOf(error: unknown): string {
  const { cause, name } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? name;
}
