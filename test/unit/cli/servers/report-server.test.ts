import type { Server } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { serveReport } from '../../../../cli/servers/report-server.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

const address = () => `http://127.0.0.1:${(server!.address() as AddressInfo).port}/`;

it('serves the page as it is at each request, and 304 where nothing has changed', async () => {
  let html = '<p>1</p>';
  server = await serveReport(0, async () => ({ html }));
  const first = await fetch(address());
  expect([await first.text(), first.headers.get('content-type')]).toEqual(['<p>1</p>', 'text/html; charset=utf-8']);
  const known = { headers: { 'if-none-match': first.headers.get('etag')! } };
  expect((await fetch(address(), known)).status).toBe(304);
  html = '<p>2</p>';
  expect(await (await fetch(address(), known)).text()).toBe('<p>2</p>');
});

it('serves nothing else, to no page of another site, and the reason where the report cannot be read', async () => {
  server = await serveReport(0, () => Promise.reject(new Error('gone')));
  expect((await fetch(`${address()}etc/passwd`)).status).toBe(404);
  expect((await fetch(address(), { method: 'POST' })).status).toBe(405);
  expect((await fetch(address(), { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  const status = await new Promise((resolve) => {
    request(address(), { headers: { host: 'evil.example' } }, ({ statusCode }) => resolve(statusCode)).end();
  });
  expect(status).toBe(403);
  expect(await (await fetch(address())).text()).toContain('gone');
});
