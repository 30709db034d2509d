import { createServer, type Server, ServerResponse } from 'node:http';
import { createProxyServer } from 'httpxy';
import { refusedRequest } from './refused-request.ts';

/** A server on loopback that passes requests on, and answers to no page of another site. */
export interface GuardedProxy {
  /** The server behind it, in messages. */
  title: string;
  port: number;
  /** The address of the server behind it. */
  target: string;
}

/** Starts it, and returns once it listens. Bodies and web sockets pass through as they come. */
export async function startGuardedProxy({ title, port, target }: GuardedProxy): Promise<Server> {
  const proxy = createProxyServer({ target });
  proxy.on('error', (_error, _request, response) => {
    if (!(response instanceof ServerResponse) || response.headersSent) response?.destroy();
    else answer(response, 502, `${title} does not answer; \`videocap up\` starts it where it does not run.`);
  });
  const server = createServer((request, response) => {
    const refusal = refusedRequest(request.headers, port);
    if (refusal === undefined) proxy.web(request, response).catch(() => response.destroy());
    else answer(response, 403, refusal);
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (refusedRequest(request.headers, port) === undefined)
      proxy.ws(request, socket as never, {}, head).catch(() => socket.destroy());
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port, host: '127.0.0.1', exclusive: true }, resolve);
  });
  return server;
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(`${sentence}\n`);
}
