import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { refusedRequest } from './refused-request.ts';

/** A page as it is at one moment. */
export interface Page {
  html: string | Uint8Array;
}

/**
 * Serves one page on loopback, as `read` has it at each request: a page that asks again gets what has changed since, or
 * 304 where nothing has (`ETag` and `If-None-Match`). Pages of other sites get no answer.
 * @param read the page, or a page that says why there is none yet.
 */
export async function serveReport(port: number, read: () => Promise<Page>): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, read).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else end(response, 500, `The report cannot be read: ${error.message}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ port, host: '127.0.0.1', exclusive: true }, resolve);
  });
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, read: () => Promise<Page>): Promise<void> {
  const refusal = refusedRequest(request.headers, request.socket.localPort!);
  if (refusal !== undefined) return end(response, 403, refusal);
  if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'Only GET.');
  if (request.url?.split('?')[0] !== '/') return end(response, 404, 'There is the report at / and nothing else.');
  const { html } = await read();
  const etag = `"${createHash('sha256').update(html).digest('hex').slice(0, 32)}"`;
  const headers = { etag, 'cache-control': 'no-cache', ...SAFE };
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end();
  response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' });
  response.end(request.method === 'HEAD' ? undefined : html);
}

/** No other page may frame it, or read it as something else. */
const SAFE = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

function end(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...SAFE });
  response.end(`${sentence}\n`);
}
