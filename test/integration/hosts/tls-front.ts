import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
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

const openssl = (...args: string[]) => promisify(execFile)('openssl', args);

/**
 * Temporal behind TLS, as servers for several hosts have it: takes connections with a client certificate of the
 * authority alone, and passes their bytes on to the server at `target`.
 */
export async function startTlsFront(target: string, folder: string): Promise<TlsFront> {
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
  const [host, port] = target.split(':');
  const open = new Set<Socket>();
  const server = createServer(
    {
      key: await readFile(at('server.key')),
      cert: await readFile(at('server.pem')),
      ca: await readFile(at('ca.pem')),
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
    authority: at('ca.pem'),
    client: { certificate: at('client.pem'), key: at('client.key') },
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
