import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The question in a request's last message, as the judge's prompts define it. */
export interface AskedQuestion {
  description: string;
  events?: { index: number; event: string }[];
}

export interface ChatRequest {
  authorization: string | undefined;
  model: string;
  temperature: number;
  max_tokens: number;
  response_format: { type: string; json_schema: { name: string; strict: boolean; schema: object } };
  messages: { role: string; content: string }[];
  question: AskedQuestion;
}

/** Answers one request in place of the server. */
export type Fault = (response: ServerResponse, request: ChatRequest) => void;

export interface OpenAiServer {
  /** What a config's `judge.baseUrl` must be. */
  baseUrl: string;
  /** Every request that arrived, in order. */
  requests: ChatRequest[];
  /** The next requests get these, one each; after them, answers again. */
  failNext(...faults: Fault[]): void;
  /** Takes back what `failNext` still holds. */
  forgive(): void;
  close(): Promise<void>;
}

/**
 * A loopback server that speaks as much of OpenAI's chat completions as a judge needs. `answer` gives the object that the
 * model would write for a question; it is sent as the message's text.
 */
export async function startOpenAiServer(answer: (question: AskedQuestion) => unknown): Promise<OpenAiServer> {
  const requests: ChatRequest[] = [];
  const faults: Fault[] = [];
  const server = createServer((incoming, response) => {
    readBody(incoming).then((body) => {
      if (incoming.url !== '/v1/chat/completions') return status(404, { code: 'unknown_url' })(response, body);
      const request = { ...body, authorization: incoming.headers.authorization };
      requests.push(request);
      const fault = faults.shift();
      if (fault) fault(response, request);
      else message({ content: JSON.stringify(answer(request.question)) })(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    failNext: (...more) => void faults.push(...more),
    forgive: () => void faults.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

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

/** A page of a proxy in between. */
export function html(code: number): Fault {
  return (response) => response.writeHead(code, { 'content-type': 'text/html' }).end('<html>Bad gateway</html>');
}

/** Never answers. */
export const hang: Fault = () => {};

/** Sends the headers and a piece of the body, and no more. */
export const stall: Fault = (response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).write('{"choices": [');

/** Breaks the connection in the middle of the body. */
export const reset: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"choices": [', () => response.destroy());
};

function send(response: ServerResponse, code: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(code, { 'content-type': 'application/json', 'x-request-id': 'req_1', ...headers });
  response.end(JSON.stringify(body));
}

async function readBody(incoming: IncomingMessage): Promise<ChatRequest> {
  let text = '';
  for await (const chunk of incoming) text += chunk;
  const body = JSON.parse(text || '{}') as Omit<ChatRequest, 'question' | 'authorization'>;
  return { ...body, authorization: undefined, question: JSON.parse(body.messages?.at(-1)?.content ?? '{}') };
}
