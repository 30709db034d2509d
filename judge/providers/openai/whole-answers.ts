import { responseText } from '../../../core/response-text.ts';
import { errorIn } from './error-body.ts';

/**
 * Bytes of an answer: far more than a model writes, with its thinking and the probabilities of all its tokens. A server
 * that sends more has a fault.
 */
export const LONGEST_REPLY = 2 ** 24;
/** Characters of an error's message, which is short, unless it repeats the request, pictures and all. */
const LONGEST_MESSAGE = 100_000;

/** An endpoint has sent more than `LONGEST_REPLY`. */
export class ReplyTooLong extends Error {
  override readonly name = 'ReplyTooLong';
}

/**
 * A `fetch` whose responses are read to their end, up to a size, and failed ones have their error in OpenAI's form: its
 * library reads no other, and reads without a limit.
 * @throws ReplyTooLong
 */
export function wholeAnswers(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    const { status } = response;
    const headers = new Headers([...response.headers]);
    for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name);
    if (status >= 400) {
      const { text } = await responseText(response, LONGEST_REPLY).catch(() => ({ text: '' }));
      headers.set('content-type', 'application/json');
      return new Response(JSON.stringify({ error: errorOf(text) }), { status, headers });
    }
    const { text, whole } = await responseText(response, LONGEST_REPLY);
    if (!whole) throw new ReplyTooLong();
    return new Response(text === '' ? null : text, { status, headers });
  };
}

function errorOf(text: string): object {
  const body = parsed(text);
  const said = errorIn(body) ?? { message: text.slice(0, 2000), ...(body === undefined && { notJson: true }) };
  return { ...said, message: said.message?.slice(0, LONGEST_MESSAGE) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
