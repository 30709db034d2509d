import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';

export interface ForwardProxy {
  /** `http://127.0.0.1:3128`, without credentials. */
  url: string;
  /** What clients asked for: `POST http://judge.test/v1/...`, `CONNECT judge.test:443`. */
  asked: string[];
  close(): Promise<void>;
}

/**
 * An HTTP proxy that forwards plain requests and opens tunnels, all of them to one port of this machine, whatever host
 * is asked for: only through it does `judge.test` exist.
 *
 * @param options.credentials `user:password` that clients must have; without them it answers 407.
 * @param options.refuse answers every request with this status.
 */
export async function startForwardProxy(
  to: number,
  { credentials, refuse }: { credentials?: string; refuse?: number } = {},
): Promise<ForwardProxy> {
  const asked: string[] = [];
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const refusal = (authorization: string | undefined) =>
    refuse ?? (expected === undefined || authorization === expected ? undefined : 407);

  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { 'proxy-authorization': authorization, ...headers } = incoming.headers;
    const status = refusal(authorization);
    if (status !== undefined) return void response.writeHead(status).end();
    const { pathname, search } = new URL(incoming.url!);
    const options = { port: to, host: '127.0.0.1', method: incoming.method, path: pathname + search, headers };
    const onward = request(options, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (incoming, socket, head) => {
    asked.push(`CONNECT ${incoming.url}`);
    const status = refusal(incoming.headers['proxy-authorization']);
    if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const onward = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      join(socket, onward);
    });
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    open.add(socket).add(onward);
  });
  const open = new Set<{ destroy(): unknown }>();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of open) socket.destroy();
      }),
  };
}

/** What comes from one end goes to the other, until one of the two ends. */
export function join(one: Duplex, other: Duplex): void {
  pipeline(one, other, one, () => {});
}
