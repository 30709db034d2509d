import { describe, expect, it } from 'vitest';
import { refusedRequest } from '../../../../cli/servers/refused-request.ts';

const PORT = 8233;
const isRefused = (host: string | undefined, origin?: string) =>
  refusedRequest({ ...(host !== undefined && { host }), ...(origin !== undefined && { origin }) }, PORT) !== undefined;

describe('a request to a server on loopback', () => {
  it('is answered under the names of this machine', () => {
    for (const host of ['localhost:8233', '127.0.0.1:8233', '[::1]:8233', 'LOCALHOST:8233'])
      expect(isRefused(host), host).toBe(false);
    expect(refusedRequest({ host: 'localhost', origin: 'http://localhost' }, 80)).toBeUndefined();
  });

  it('is refused under every other name', () => {
    const foreign = ['evil.example:8233', 'evil.example', '127.0.0.1:9000', 'localhost', 'localhost:82330', ''];
    const alike = ['localhost.evil.example:8233', '127.0.0.1.evil.example:8233', '0.0.0.0:8233', 'localhost:8233@evil'];
    for (const host of [undefined, ...foreign, ...alike]) expect(isRefused(host), host).toBe(true);
  });

  it('is refused where a page of another site sends it', () => {
    const foreign = ['http://evil.example', 'http://evil.example:8233', 'http://127.0.0.1:5000', 'null', ''];
    for (const origin of [...foreign, 'https://localhost:8233'])
      expect(isRefused('127.0.0.1:8233', origin), origin).toBe(true);
    for (const origin of ['http://127.0.0.1:8233', 'http://localhost:8233'])
      expect(isRefused('127.0.0.1:8233', origin), origin).toBe(false);
  });
});
