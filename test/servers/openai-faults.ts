import type { ServerResponse } from 'node:http';
import type { Answer, ChatRequest } from './openai-server.ts';

/**
 * What an OpenAI-compatible endpoint may do instead of answering well, one name each. Those that spoil the answer get
 * the text that the server would have sent.
 */
export type Fault = (response: ServerResponse, request: ChatRequest, answer: string) => void;

/** A completion with this message; `content` is the model's text. */
export function message(
  { content, refusal = null }: { content: string | null; refusal?: string | null },
  finishReason = 'stop',
): Fault {
  return (response, { model }) =>
    send(response, 200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model,
      choices: [{ index: 0, finish_reason: finishReason, message: { role: 'assistant', content, refusal } }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
}

/** Any JSON. */
export function json(body: object): Fault {
  return (response) => send(response, 200, body);
}

/** An error as OpenAI words it. The message repeats what was asked, as real ones may. */
export function status(
  code: number,
  error: { code?: string; type?: string; param?: string } = {},
  headers: Record<string, string> = {},
): Fault {
  return (response, request) =>
    send(
      response,
      code,
      {
        error: {
          message: `About your request: ${JSON.stringify(request)}`,
          type: null,
          code: null,
          param: null,
          ...error,
        },
      },
      headers,
    );
}

/** An error in words of its own. */
export function says(code: number, message: string): Fault {
  return (response) => send(response, code, { error: { message } });
}

/** A page of a proxy in between. */
export function html(code: number, text = 'Bad gateway'): Fault {
  return (response) => void response.writeHead(code, { 'content-type': 'text/html' }).end(`<html>${text}</html>`);
}

/** Never answers. */
export const hang: Fault = () => {};

/** Sends the headers and a piece of the body, and no more. */
export const stall: Fault = (response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).write('{"choices": [');

/** Sends a byte now and then, and never ends: no pause is long enough for a socket timeout. */
export const drip: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(timer));
};

/** Never ends, and sends as fast as the connection takes it. */
export const flood: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const piece = ' '.repeat(2 ** 20);
  const pour = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', pour);
  pour();
};

/** Breaks the connection in the middle of the body. */
export const reset: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"choices": [', () => response.destroy());
};

/** Breaks the connection before the headers. */
export const drop: Fault = (response) => void response.destroy();

/** The right answer, spoilt. */
export function spoilt(how: (answer: string) => string): Fault {
  return (response, request, answer) => message({ content: how(answer) })(response, request, answer);
}

/** vLLM's refusal of a request whose question and answer exceed so many tokens; nothing where they fit. */
export const vllmWindow =
  (limit: number) =>
  ({ messages, max_tokens: wanted = 0 }: ChatRequest): Fault | undefined => {
    const asked = Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / 4);
    if (asked + wanted <= limit) return undefined;
    const message =
      `This model's maximum context length is ${limit} tokens. However, you requested ${asked + wanted} tokens ` +
      `(${asked} in the messages, ${wanted} in the completion). Please reduce the length of the messages or ` +
      'completion.';
    return (response) =>
      send(response, 400, { object: 'error', message, type: 'BadRequestError', param: null, code: 400 });
  };

export const rateLimited = (headers: Record<string, string> = {}) =>
  status(429, { code: 'rate_limit_exceeded' }, headers);
export const insufficientQuota = status(429, { type: 'insufficient_quota', code: 'insufficient_quota' });
export const unauthorized = status(401, { code: 'invalid_api_key' });
export const contentFilter = status(400, { code: 'content_filter' });
/** What OpenAI's reasoning models say to a field that they do not take, or not with that value. */
export const unsupported = (field: 'max_tokens' | 'temperature') =>
  status(400, {
    type: 'invalid_request_error',
    code: field === 'max_tokens' ? 'unsupported_parameter' : 'unsupported_value',
    param: field,
  });
/** The same through a proxy that passes on the sentence alone. */
export const unsupportedSaid = (field: 'max_tokens' | 'temperature'): Fault =>
  ((response) =>
    send(response, 400, {
      error: {
        message:
          field === 'max_tokens'
            ? "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' " +
              'instead.'
            : "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is " +
              'supported.',
      },
    })) as Fault;
/** A model that refuses those one after the other, as OpenAI does, and answers once it is asked without. */
export const reasoning =
  (answer: Answer, refuse = unsupported): Answer =>
  (question, request) => {
    if (request.max_tokens !== undefined) return refuse('max_tokens');
    return request.temperature !== undefined ? refuse('temperature') : answer(question, request);
  };
/** Answers without saying how many tokens that took. */
export const uncounted: Fault = (response, _, content) =>
  send(response, 200, { choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }] });
export const cutOff = (answer: number): Fault => spoiltAs('length', (text) => text.slice(0, answer));
export const refusal = message({ content: null, refusal: 'I cannot help with that.' });
export const empty = message({ content: '' });

type Verdicts = { index: unknown; relationship: string }[];
const verdicts = (how: (verdicts: Verdicts) => unknown): Fault =>
  spoilt((answer) => JSON.stringify({ verdicts: how((JSON.parse(answer) as { verdicts: Verdicts }).verdicts) }));

export const wrongCount = verdicts((all) => all.slice(1));
export const duplicateIndices = verdicts((all) => all.map((verdict) => ({ ...verdict, index: 1 })));
/** As many as asked for, one of them about something else. */
export const missingIndex = verdicts((all) => [...all.slice(1), { index: all.length + 1, relationship: 'entailment' }]);
export const wrongSchema = verdicts((all) => all.map(({ index }) => ({ index, verdict: 'yes' })));
export const proseAround = spoilt(
  (answer) => `Sure! Here's my answer:\n\n\`\`\`json\n${answer}\n\`\`\`\n{Hope that helps}`,
);
export const singleQuotes = spoilt((answer) => answer.replaceAll('"', "'"));
export const notANumber = spoilt((answer) => answer.replace(/"index":\s*\d+/, '"index": NaN'));
/** 2 MB that begin like an answer. */
export const twoMegabytes = spoilt((answer) => answer.slice(0, 20) + '{"verdicts": ['.repeat(150_000));

/** Faults that pass by themselves, none of which takes longer than the request. */
export const PASSING_FAULTS: readonly Fault[] = [
  status(500),
  html(502),
  status(503),
  rateLimited(),
  rateLimited({ 'retry-after-ms': '50' }),
  reset,
  drop,
];

/** Whole answers that are none, to any question: paid for, and asked for once more. */
export const UNUSABLE_ANSWERS: readonly Fault[] = [
  message({ content: 'I think that all of it happens.' }),
  empty,
  cutOff(10),
  // A verdict less than asked for, or another field.
  spoilt((answer) => {
    const { verdicts: all } = JSON.parse(answer) as { verdicts?: Verdicts };
    return JSON.stringify(all ? { verdicts: all.slice(1) } : { happened: true });
  }),
];

/** What ends only by `judge.timeoutSeconds`. */
export const SILENCES: readonly Fault[] = [hang, stall, drip];

function spoiltAs(finishReason: string, how: (answer: string) => string): Fault {
  return (response, request, answer) => message({ content: how(answer) }, finishReason)(response, request, answer);
}

function send(response: ServerResponse, code: number, body: object, headers: Record<string, string> = {}): void {
  const all = { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers };
  for (const [name, value] of Object.entries(all)) response.setHeader(name, value);
  response.statusCode = code;
  response.end(JSON.stringify(body));
}
