import { connect, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkLines } from '../../../cli/commands/judge-check.ts';
import { ChatEndpoint } from '../../../judge/client/chat-endpoint.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { checkEndpoint } from '../../../judge/providers/openai/check-endpoint.ts';
import { OpenAiChat, type OpenAiJudgeConfig } from '../../../judge/providers/openai/openai-chat.ts';
import { eventEntailment } from '../../../judge/questions/event-entailment.ts';
import { naming } from '../../refusal.ts';
import { type ForwardProxy, join, startForwardProxy } from '../../servers/forward-proxy.ts';
import { type OpenAiServer, readsWords, startOpenAiServer, status } from '../../servers/openai-server.ts';
import { JUDGE_TEST } from '../../servers/test-certificate.ts';

const KEY = 'sk-very-secret-key';
const TOKEN = 'gateway-secret-token';
const ENV = { KEY, TOKEN };

let server: OpenAiServer;
beforeAll(async () => {
  server = await startOpenAiServer();
});
beforeEach(() => void server.requests.splice(0));
afterAll(() => server.close());

const configOf = (more: object = {}) =>
  JudgeConfig.parse({
    ...{ kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY', ...more },
  }) as OpenAiJudgeConfig;

async function ask(more: object = {}, env: NodeJS.ProcessEnv = ENV) {
  const config = configOf(more);
  return new ChatEndpoint(new OpenAiChat(config, env), config, { tries: 1 }).ask(
    eventEntailment('A dog runs.', ['a dog runs']),
  );
}
const failureOf = (asked: Promise<unknown>) =>
  asked.then(
    () => expect.unreachable('it must throw'),
    (error: Error) => error,
  );

describe('a request', () => {
  test('is without options the same to the byte as before there were any', async () => {
    await ask();
    const { body, headers, url } = server.requests[0]!;
    expect(url).toBe('/v1/chat/completions');
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(Object.keys(JSON.parse(body))).toEqual([
      ...['model', 'messages', 'response_format', 'temperature', 'max_tokens'],
    ]);
  });

  test('has the headers, the query and the fields of the config', async () => {
    const headers = { 'api-key': 'TOKEN' };
    const query = { 'api-version': '2024-10-21' };
    const extraBody = { chat_template_kwargs: { enable_thinking: false }, seed: 7 };
    const { outcome } = await ask({ headers, query, extraBody });
    expect(outcome).toEqual({ answer: ['entailment'] });
    const request = server.requests[0]!;
    expect(request.url).toBe('/v1/chat/completions?api-version=2024-10-21');
    expect(request.headers['api-key']).toBe(TOKEN);
    expect(JSON.parse(request.body)).toMatchObject({ ...extraBody, model: 'm', temperature: 0, max_tokens: 1024 });
  });

  test('may carry another authorization than the key', async () => {
    await ask({ headers: { Authorization: 'TOKEN' } });
    expect(server.requests[0]!.headers.authorization).toBe(TOKEN);
  });

  test('has its instructions in the user message where the model takes no system role', async () => {
    const { outcome } = await ask({ systemRole: false });
    expect(outcome).toEqual({ answer: ['entailment'] });
    expect(server.requests[0]!.messages.map(({ role }) => role)).toEqual(['user']);
    expect(server.requests[0]!.messages[0]!.content).toMatch(/never followed[\s\S]*The user message:\n\{"description"/);
  });
});

test('what an endpoint repeats of a header is neither in an answer nor in a fault', async () => {
  const headers = { 'X-Gateway': 'TOKEN' };
  const verdicts = `{"verdicts": [{"index": 1, "relationship": "entailment"}]} ${TOKEN} ${KEY}`;
  const echo = await startOpenAiServer(() => verdicts);
  const { attempts } = await ask({ headers, baseUrl: echo.baseUrl, answerFormat: 'text' });
  expect(attempts[0]!.text).toMatch(/^\{.*\} \*\*\* \*\*\*$/);
  echo.failNext(status(400, { code: TOKEN, param: TOKEN.slice(0, 12) }));
  const { message } = await failureOf(ask({ headers, baseUrl: echo.baseUrl }));
  expect(message).toContain('refuses the request');
  expect(message).not.toContain(TOKEN.slice(0, 12));
  await echo.close();
});

test('a redirection is not followed: headers may be secrets, and the other address is not in the config', async () => {
  const other = await startOpenAiServer();
  const from = await startOpenAiServer();
  from.failNext((response) => void response.writeHead(307, { location: `${other.baseUrl}/chat/completions` }).end());
  const { message } = await failureOf(ask({ headers: { 'api-key': 'TOKEN' }, baseUrl: from.baseUrl }));
  expect(message).toEqual(naming('another address', '(status 307)'));
  expect(other.requests).toEqual([]);
  await Promise.all([other.close(), from.close()]);
});

test('a time limit need not be whole milliseconds', async () => {
  expect(await ask({ timeoutSeconds: 5.1234567 })).toMatchObject({ outcome: { answer: ['entailment'] } });
});

describe('through a proxy', () => {
  const proxies: ForwardProxy[] = [];
  const proxyWith = async (options: Parameters<typeof startForwardProxy>[1] = {}, to = portOf(server.baseUrl)) => {
    const proxy = await startForwardProxy(to, options);
    proxies.push(proxy);
    return proxy;
  };
  afterEach(async () => void (await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))));
  // No name server knows it: what reaches it came through the proxy.
  const PLAIN = { baseUrl: 'http://judge.test/v1' };
  const SECURE = { baseUrl: 'https://judge.test/v1' };

  test.each(['HTTP_PROXY', 'http_proxy'])('that %s names, plain requests are forwarded', async (name) => {
    const proxy = await proxyWith();
    const { outcome } = await ask({ ...PLAIN, query: { v: '1' } }, { ...ENV, [name]: proxy.url });
    expect(outcome).toEqual({ answer: ['entailment'] });
    expect(proxy.asked).toEqual(['POST http://judge.test/v1/chat/completions?v=1']);
  });

  describe('with TLS', () => {
    let tls: Server;
    beforeAll(async () => {
      tls = createTlsServer(JUDGE_TEST, (socket) => join(socket, connect(portOf(server.baseUrl), '127.0.0.1')));
      await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
      // The certificate is of this test's own making.
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    });
    afterAll(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      tls.close();
    });

    test.each(['HTTPS_PROXY', 'https_proxy'])('that %s names, a tunnel is opened', async (name) => {
      const proxy = await proxyWith({ credentials: 'me:pass' }, (tls.address() as { port: number }).port);
      const url = proxy.url.replace('//', '//me:pass@');
      const { outcome } = await ask(SECURE, { ...ENV, [name]: url, HTTP_PROXY: 'http://127.0.0.1:1' });
      expect(outcome).toEqual({ answer: ['entailment'] });
      expect(proxy.asked).toEqual(['CONNECT judge.test:443']);
      expect(server.requests[0]!.headers).not.toHaveProperty('proxy-authorization');
    });
  });

  test('what NO_PROXY names, and this machine, is reached without it', async () => {
    const proxy = await proxyWith();
    await ask({}, { ...ENV, HTTP_PROXY: proxy.url });
    const excepted = { ...ENV, HTTP_PROXY: proxy.url, NO_PROXY: 'other, .judge.test' };
    const { message } = await failureOf(ask({ baseUrl: 'http://a.judge.test/v1' }, excepted));
    expect(message).toContain('cannot be reached');
    expect(proxy.asked).toEqual([]);
  });

  test('of the other scheme nothing goes', async () => {
    const proxy = await proxyWith();
    await failureOf(ask(SECURE, { ...ENV, HTTP_PROXY: proxy.url }));
    expect(proxy.asked).toEqual([]);
  });

  test.each([
    ['plain', PLAIN],
    ['tunnelled', SECURE],
  ])('that asks for a password, %s: blocked, and the message has none', async (_, more) => {
    const proxy = await proxyWith({ credentials: 'me:pass' });
    const url = proxy.url.replace('//', '//me:wrong-word@');
    const error = await failureOf(ask(more, { ...ENV, HTTP_PROXY: url, HTTPS_PROXY: url }));
    expect(error).toMatchObject({ code: 'JudgeBlocked' });
    expect(error.message).toMatch(/^The proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS?_PROXY\) .* password \(status 407\)/);
    expect(`${error.message} ${error.stack}`).not.toContain('wrong-word');
  });

  test.each([
    [403, 'JudgeBlocked', /The proxy .* https:\/\/judge\.test\/v1 .*status 403/],
    [503, 'Unavailable', /The proxy .* https:\/\/judge\.test\/v1 .*status 503/],
  ])('that refuses a tunnel with %d: %s', async (refuse, code, sentence) => {
    const proxy = await proxyWith({ refuse });
    let lost = 0;
    const config = configOf(SECURE);
    const endpoint = new ChatEndpoint(new OpenAiChat(config, { ...ENV, HTTPS_PROXY: proxy.url }), config, { tries: 1 });
    const watch = { sending: async () => [], unusable: async () => {}, requesting: async () => {}, lost: () => lost++ };
    const error = await failureOf(endpoint.ask(eventEntailment('A dog.', ['a dog']), undefined, watch));
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
    expect(lost).toBe(0);
  });

  test('that is not there is named', async () => {
    const gone = await unusedPort();
    const error = await failureOf(ask(PLAIN, { ...ENV, HTTP_PROXY: `http://me:pass@127.0.0.1:${gone}` }));
    expect(error).toMatchObject({ code: 'Unavailable' });
    expect(error.message).toContain(`the proxy http://127.0.0.1:${gone} (HTTP_PROXY)`);
    expect(error.message).not.toContain('pass');
  });
});

describe('judge check', () => {
  const check = (more: object, env: NodeJS.ProcessEnv = ENV) => checkEndpoint(configOf(more), { env });

  test('asks with the options, and names them', async () => {
    // The check also asks for an object that is no answer to any question.
    const own = await startOpenAiServer((question, request) =>
      question.events ? readsWords(question, request) : '{}',
    );
    const found = await check({
      baseUrl: own.baseUrl,
      ...{ headers: { 'api-key': 'TOKEN' }, query: { 'api-version': '2024-10-21' } },
      ...{ extraBody: { seed: 1 }, systemRole: false },
    });
    expect(found.fault).toBeUndefined();
    expect(found.options).toEqual({
      headers: 'api-key from TOKEN',
      query: 'api-version=2024-10-21',
      extraBody: '{"seed":1}',
      systemRole: 'false: the instructions go first in the user message',
    });
    expect(checkLines(found, { answerFormat: 'text' }).slice(2, 4)).toEqual([
      'headers    api-key from TOKEN',
      'query      api-version=2024-10-21',
    ]);
    await own.close();
    expect(own.requests.every(({ headers, url }) => headers['api-key'] === TOKEN && url.endsWith('-10-21'))).toBe(true);
    expect(JSON.stringify(found)).not.toContain(TOKEN);
  });

  test('says which field a server refuses', async () => {
    const strict = await startOpenAiServer((_, { body }) =>
      'top_k' in JSON.parse(body)
        ? status(400)
        : { verdicts: [1, 2].map((index) => ({ index, relationship: 'neutral' })) },
    );
    const found = await check({ baseUrl: strict.baseUrl, extraBody: { seed: 1, top_k: 1 } });
    expect(found.fault).toContain('refuses the request');
    expect(found.advice).toEqual([naming('Remove judge.extraBody.top_k:')]);
    await strict.close();
  });

  test('says that a model takes no system role', async () => {
    // Gemma's and Mistral's first templates raise an error, which some servers report as 500.
    const gemma = await startOpenAiServer((_, { messages }) =>
      messages[0]!.role === 'system' ? status(500) : { verdicts: [] },
    );
    const found = await check({ baseUrl: gemma.baseUrl });
    expect(found.advice).toEqual([naming('Set judge.systemRole: false')]);
    await gemma.close();
  });

  test('says how thinking is turned off', async () => {
    const thinker = await startOpenAiServer(({ events = [] }) => {
      const verdicts = events.map(({ index }) => ({ index, relationship: 'neutral' }));
      return `<think>Hm.</think>${JSON.stringify({ verdicts })}`;
    });
    const found = await check({ baseUrl: thinker.baseUrl });
    expect(found.advice).toEqual([naming('chat_template_kwargs', 'enable_thinking: false')]);
    await thinker.close();
  });
});

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
