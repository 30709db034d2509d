import type { IncomingHttpHeaders } from 'node:http';

/** The names of this machine for itself. */
const NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Why a request to a server on a loopback port is refused; `undefined` where it is not. A web page of another site can
 * send requests there in two ways: under a name of this machine, and then the browser writes the page's site into
 * `Origin`; or under a name of its own that leads to this machine (DNS rebinding), and then `Host` has that name.
 * Programs other than browsers send no `Origin`.
 */
export function refusedRequest({ host, origin }: IncomingHttpHeaders, port: number): string | undefined {
  const own = NAMES.map((name) => new URL(`http://${name}:${port}`));
  if (!own.some((url) => url.host === host?.toLowerCase()))
    return `This address answers under the names of this machine alone: open ${own[0]!.origin}.`;
  if (origin !== undefined && !own.some((url) => url.origin === origin.toLowerCase()))
    return 'A page of another site may send no requests to this address.';
  return undefined;
}
