import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { checkEndpoint } from '../../../judge/providers/openai/check-endpoint.ts';
import type { OpenAiJudgeConfig } from '../../../judge/providers/openai/openai-chat.ts';
import { JUDGE_TEST } from '../../servers/test-certificate.ts';

/** What a judge is said to be at fault for, that is asked in plain http on a server's port. */
async function fault(server: Server): Promise<string | undefined> {
  server.on('connection', (socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const judge = { kind: 'llm', model: 'm', apiKeyEnv: 'JUDGE_KEY', baseUrl: `http://127.0.0.1:${port}/v1` };
  const config = JudgeConfig.parse(judge) as OpenAiJudgeConfig;
  return (await checkEndpoint(config, { env: { JUDGE_KEY: 'sk' } })).fault;
}

const HTTPS = /https:\/\/ in judge\.baseUrl/;

test('plain http to a port of https is named, whatever its server does: node closes the connection', async () => {
  expect(await fault(createHttpsServer(JUDGE_TEST))).toMatch(HTTPS);
});

test('a TLS server of another protocol, which answers with an alert or nothing', async () => {
  expect(await fault(createTlsServer({ ...JUDGE_TEST, ALPNProtocols: ['h2'] }))).toMatch(HTTPS);
});

test('a load balancer that answers plain requests in words of its own', async () => {
  const tls = createTlsServer(JUDGE_TEST).listen(0, '127.0.0.1');
  onTestFinished(() => void tls.close());
  await once(tls, 'listening');
  const mixed = createTcpServer((socket) => {
    socket.once('data', (first) => {
      if (first[0] === 0x16) {
        const behind = connect((tls.address() as AddressInfo).port, '127.0.0.1');
        behind.write(first);
        socket.pipe(behind).pipe(socket);
      } else socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\n\r\nGo away now.');
    });
  });
  expect(await fault(mixed)).toMatch(HTTPS);
});

test('a server without TLS that closes connections, or refuses the request, is not taken for one', async () => {
  expect(await fault(createTcpServer((socket) => socket.destroy()))).not.toMatch(HTTPS);
  const refusing = createHttpServer((_, response) => response.writeHead(400).end('no'));
  expect(await fault(refusing)).not.toMatch(HTTPS);
});
