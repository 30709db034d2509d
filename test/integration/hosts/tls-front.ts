import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect as connectHttp2, createSecureServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';

/** Files of a certificate authority of its own, and of a server and a client that it has signed. */
export interface Certificates {
  authority: string;
  client: { certificate: string; key: string };
}

export interface TlsFront extends Certificates {
  address: string;
  close(): void;
}

/** gRPC's code of a call whose caller is not known. */
const UNAUTHENTICATED = 16;

const openssl = (...args: string[]) => promisify(execFile)('openssl', args);

/** Makes an authority, and signs a server and a client with it. */
async function makeCertificates(
  folder: string,
): Promise<Certificates & { server: { certificate: string; key: string } }> {
  const at = (name: string) => join(folder, name);
  await openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=videocap test authority'],
  );
  await writeFile(at('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  for (const name of ['server', 'client']) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(`${name}.key`)];
    await openssl('req', ...key, '-out', at(`${name}.csr`), '-subj', `/CN=${name}`);
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
    const names = ['-extfile', at('names')];
    await openssl('x509', '-req', '-in', at(`${name}.csr`), ...signer, ...names, '-out', at(`${name}.pem`));
  }
  const of = (name: string) => ({ certificate: at(`${name}.pem`), key: at(`${name}.key`) });
  return { authority: at('ca.pem'), client: of('client'), server: of('server') };
}

/**
 * Temporal behind TLS, as servers for several hosts have it: takes connections with a client certificate of the
 * authority alone, and passes their bytes on to the server at `target`.
 */
export async function startTlsFront(target: string, folder: string): Promise<TlsFront> {
  const { server: own, ...certificates } = await makeCertificates(folder);
  const [host, port] = target.split(':');
  const open = new Set<Socket>();
  const server = createServer(
    {
      key: await readFile(own.key),
      cert: await readFile(own.certificate),
      ca: await readFile(certificates.authority),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (secure) => {
      const plain = connect(Number(port), host!);
      for (const socket of [secure, plain]) {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
        socket.on('error', () => undefined);
      }
      secure.pipe(plain).pipe(secure);
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    ...certificates,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Temporal behind TLS and an API key, as Temporal Cloud has it: a call without the key is unauthenticated. */
export async function startApiKeyFront(target: string, folder: string, apiKey: string): Promise<TlsFront> {
  const { server: own, ...certificates } = await makeCertificates(folder);
  const temporal = connectHttp2(`http://${target}`);
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer({ key: await readFile(own.key), cert: await readFile(own.certificate) });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers.authorization !== `Bearer ${apiKey}`) {
      const refusal = { 'grpc-status': String(UNAUTHENTICATED), 'grpc-message': 'Request unauthorized.' };
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
      return;
    }
    const { authorization, ...others } = headers;
    const call = temporal.request(others);
    call.on('error', () => stream.close());
    stream.on('aborted', () => call.close());
    call.on('response', (response) => stream.respond(response, { waitForTrailers: true }));
    let trailers = {};
    call.on('trailers', (last) => {
      trailers = last;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.pipe(call).pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    ...certificates,
    close() {
      server.close();
      for (const session of sessions) session.destroy();
      temporal.destroy();
    },
  };
}
