import { z } from 'zod';

/** What an endpoint says about a request that failed, in OpenAI's form. */
export interface SaidError {
  message?: string | undefined;
  code?: string | undefined;
  type?: string | undefined;
  param?: string | undefined;
  /** OpenRouter's, with the reasons of a moderation. */
  metadata?: Record<string, unknown> | undefined;
  /** The body was a page or plain text: perhaps of a firewall or a proxy, which know nothing of texts and models. */
  notJson?: true | undefined;
}

/** An error's message is short, unless it repeats the request, pictures and all. */
const LONGEST_MESSAGE = 100_000;
/** Errors within errors and lists that are looked into. */
const DEEPEST = 8;

const Text = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const notJson = z.literal(true).optional().catch(undefined);
const Fields = z.looseObject({ message: Text, code: Text, type: Text, param: Text, notJson });
const Metadata = z.record(z.string(), z.unknown()).optional().catch(undefined);
const Inner = z.looseObject({ code: Text }).optional().catch(undefined);
const MiniMax = z.looseObject({ base_resp: z.looseObject({ status_code: z.coerce.number(), status_msg: Text }) });

/**
 * The error in a body, in whichever form an endpoint writes it; `undefined` where the body tells none. OpenAI's
 * `{error: {message, code}}` is the usual one. Others: vLLM's and SGLang's `{object: "error", message, code}`,
 * DeepSeek's `{message, code}`, a text as `error` (TGI, xAI), a list of one (Gemini), FastAPI's `{detail}`, MiniMax's
 * `{base_resp}`, Azure's `innererror`, which is the more exact one.
 */
export function errorIn(body: unknown, depth = 0): SaidError | undefined {
  if (depth > DEEPEST) return undefined;
  if (Array.isArray(body)) return body.length > 0 ? errorIn(body[0], depth + 1) : undefined;
  if (typeof body !== 'object' || body === null) return undefined;
  const { error, detail, object, error_type: type, innererror, metadata, ...rest } = body as Record<string, unknown>;
  if (typeof error === 'string' && error !== '') return { ...fieldsOf({ type, ...rest }), message: error };
  if (typeof error === 'object' && error !== null) {
    const inner = errorIn(error, depth + 1);
    return inner ?? fieldsOf(error);
  }
  if (typeof detail === 'string') return { ...fieldsOf(rest), message: detail };
  if (detail !== undefined && detail !== null) return { ...fieldsOf(rest), message: written(detail) };
  const miniMax = MiniMax.safeParse(body);
  if (miniMax.success) {
    const { status_code: code, status_msg: message } = miniMax.data.base_resp;
    return code === 0 ? undefined : { code: String(code), message };
  }
  const said = fieldsOf(body);
  if (said.message === undefined && said.code === undefined) return undefined;
  const code = Inner.parse(innererror)?.code ?? said.code;
  const reasons = Metadata.parse(metadata);
  return object === 'error' || !('choices' in body)
    ? { ...said, ...(code !== undefined && { code }), ...(reasons && { metadata: reasons }) }
    : undefined;
}

function fieldsOf(body: object): SaidError {
  const { message, code, type, param, notJson } = Fields.safeParse(body).data ?? {};
  return { message, code, type, param, ...(notJson && { notJson }) };
}

/** As JSON; nothing of what is nested too deeply to be written. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** A `fetch` whose failed responses have their error in OpenAI's form: its library reads no other. */
export function readableErrors(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    if (response.status < 400) return response;
    const text = await response.text().catch(() => '');
    const body = parsed(text);
    const page = { message: text.slice(0, 2000), ...(body === undefined && { notJson: true }) };
    const said = errorIn(body) ?? page;
    const error = { ...said, message: said.message?.slice(0, LONGEST_MESSAGE) };
    const headers = new Headers([...response.headers]);
    for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name);
    headers.set('content-type', 'application/json');
    return new Response(JSON.stringify({ error }), { status: response.status, headers });
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
