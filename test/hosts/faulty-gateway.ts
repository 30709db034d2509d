import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What happens to one request on its way to a real S3 server.
 * - `away`: the connection breaks before the server sees it; `answer lost`: after the server has done it.
 * - `SlowDown`, `ExpiredToken`, `InternalError`: the server's refusals, in S3's form; nothing has happened.
 * - `404 of a proxy`: a page of something in front of the server that does not find it; nothing has happened.
 * - `half`: the answer's body ends in the middle; `slow`: it pauses there for a second.
 */
export type Fault =
  | 'away'
  | 'answer lost'
  | 'SlowDown'
  | 'ExpiredToken'
  | 'InternalError'
  | '404 of a proxy'
  | 'half'
  | 'slow';

const STATUS = { SlowDown: 503, ExpiredToken: 400, InternalError: 500 } as const;

/** Stands between a store and a real S3 server, and lets requests fail. */
export class FaultyGateway {
  /** Asked for every request; by default none fails. */
  fault: (method: string, path: string) => Fault | undefined = () => undefined;
  /** Headers that the real server never sees. */
  hidden: readonly string[] = [];
  /** Requests that failed, in order. */
  readonly struck: Fault[] = [];
  readonly #port: number;
  #server!: Server;

  /** @param port of the real server. */
  constructor(port: number) {
    this.#port = port;
  }

  async start(): Promise<void> {
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer).catch(() => answer.destroy());
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = asked;
    const fault = this.fault(method, url);
    if (fault) this.struck.push(fault);
    if (fault === 'away') return void asked.socket.destroy();
    const body = await buffer(asked);
    if (fault === 'SlowDown' || fault === 'ExpiredToken' || fault === 'InternalError') {
      answer.writeHead(STATUS[fault], { 'content-type': 'application/xml' });
      return void answer.end(`<?xml version="1.0"?><Error><Code>${fault}</Code><Message>by the test</Message></Error>`);
    }
    if (fault === '404 of a proxy') {
      answer.writeHead(404, { 'content-type': 'text/html' });
      return void answer.end(method === 'HEAD' ? undefined : '<html><body>default backend - 404</body></html>');
    }
    const { status, sent, bytes } = await this.#forward(method, url, headers, body);
    if (fault === 'answer lost') return void asked.socket.destroy();
    answer.writeHead(status, sent);
    if (fault !== 'half' && fault !== 'slow') return void answer.end(bytes);
    const middle = bytes.byteLength >> 1;
    answer.write(bytes.subarray(0, middle));
    await sleep(fault === 'slow' ? 1000 : 50);
    if (fault === 'half') return void asked.socket.destroy();
    answer.end(bytes.subarray(middle));
  }

  /** With the headers as they were signed, the host's name among them. */
  async #forward(method: string, path: string, headers: IncomingMessage['headers'], body: Buffer) {
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const seen = Object.fromEntries(Object.entries(headers).filter(([name]) => !this.hidden.includes(name)));
      request({ host: '127.0.0.1', port: this.#port, method, path, headers: seen }, resolve)
        .on('error', reject)
        .end(body);
    });
    return { status: answered.statusCode!, sent: answered.headers, bytes: await buffer(answered) };
  }
}
