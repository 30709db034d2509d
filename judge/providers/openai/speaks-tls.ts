import { connect } from 'node:tls';

const TIMEOUT_MILLISECONDS = 2000;

/**
 * Whether a port answers a TLS handshake. Servers that speak https answer a plain request in many ways: they close the
 * connection, send a TLS alert, or a page in words of their own. The handshake is the evidence that all of them share.
 * Nothing is sent over the connection, so whose certificate it is does not matter.
 * @param url that was asked in plain http.
 */
export function speaksTls(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const options = { host, port: Number(port || 80), rejectUnauthorized: false, timeout: TIMEOUT_MILLISECONDS };
    const socket = connect({ ...options, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }) });
    const end = (speaks: boolean) => {
      socket.destroy();
      resolve(speaks);
    };
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}
