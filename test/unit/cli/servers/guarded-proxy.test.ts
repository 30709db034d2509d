import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGuardedProxy } from '../../../../cli/servers/guarded-proxy.ts';
import { freePort } from '../../../../cli/servers/ports.ts';

/** Answers with what it was sent; `/endless` begins a body and never ends it; upgrades to a protocol that echoes. */
let behind: Server;
let proxy: Server;
let url: string;
let given: IncomingMessage | undefined;
beforeAll(async () => {
  behind = createServer(async (request, response) => {
    given = request;
    response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'] });
    if (request.url === '/endless') response.write('first');
    else response.end(`${request.method} ${request.url} ${await text(request)}`);
  });
  behind.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  await once(behind.listen(0, '127.0.0.1'), 'listening');
  const port = await freePort('127.0.0.1');
  const target = `http://127.0.0.1:${(behind.address() as AddressInfo).port}`;
  proxy = await startGuardedProxy({ title: 'The page', port, target });
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  for (const server of [proxy, behind]) server.close().closeAllConnections();
});

async function ask(path: string, { method = 'GET', headers = {}, body = '' } = {}): Promise<IncomingMessage> {
  const sent = request(`${url}${path}`, { method, headers }).end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

it('passes requests and answers on as they are', async () => {
  const response = await ask('/a%20b?c=d', { method: 'POST', headers: { 'x-token': '7' }, body: 'text' });
  expect(response.statusCode).toBe(201);
  expect(response.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(await text(response)).toBe('POST /a%20b?c=d text');
  expect(given?.headers).toMatchObject({ host: new URL(url).host, 'x-token': '7' });
});

it('passes on a part of an answer when it comes, and the end of a connection', async () => {
  const response = await ask('/endless');
  expect(String((await once(response, 'data'))[0])).toBe('first');
  const closed = once(given!.socket, 'close');
  response.destroy();
  await closed;
});

/** The proxy's answer to a socket that asks for an upgrade and sends a word. */
async function upgraded(origin: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const asked = ['GET / HTTP/1.1', `Host: ${new URL(url).host}`, `Origin: ${origin}`, 'Connection: Upgrade'];
  socket.write(`${[...asked, 'Upgrade: websocket'].join('\r\n')}\r\n\r\n`);
  let told = String((await once(socket, 'data'))[0]);
  if (told.includes(' 101 ')) {
    socket.write('word');
    told += String((await once(socket, 'data'))[0]);
  }
  socket.destroy();
  return told;
}

it('passes web sockets of its own pages on, and no others', async () => {
  expect(await upgraded(url)).toMatch(/^HTTP\/1\.1 101 .*word$/s);
  expect(await upgraded('http://evil.example')).toMatch(/^HTTP\/1\.1 403 /);
});

it('refuses pages of other sites in one sentence, and does not ask the server behind it', async () => {
  given = undefined;
  for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }]) {
    const response = await ask('/', { method: 'POST', headers });
    expect(response.statusCode).toBe(403);
    expect((await text(response)).trim().split('\n')).toHaveLength(1);
  }
  expect(given).toBeUndefined();
});

it('says that the server behind it does not answer', async () => {
  const port = await freePort('127.0.0.1');
  const target = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
  const lonely = await startGuardedProxy({ title: 'The page', port, target });
  const response = await fetch(`http://127.0.0.1:${port}`);
  expect(response.status).toBe(502);
  expect(await response.text()).toBe('The page does not answer; `videocap up` starts it where it does not run.\n');
  lonely.close().closeAllConnections();
});
