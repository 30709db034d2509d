import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MlflowHttp, type MlflowHttpOptions } from '../../../tracking/mlflow-http.ts';
import { refusal } from '../../refusal.ts';
import { type FakeMlflow, type Fault, fakeMlflow } from './fake-mlflow.ts';

let server: FakeMlflow;
beforeEach(async () => {
  server = await fakeMlflow();
});
afterEach(() => server.close());

const http = (options: Partial<MlflowHttpOptions> = {}) =>
  new MlflowHttp({ url: server.url, env: {}, attempts: 3, pauseSeconds: 0.001, ...options });
const SEARCH = { method: 'POST', path: '/api/2.0/mlflow/runs/search', json: { filter: "x = 'y'" } } as const;

describe('what is tried again', () => {
  const passing: [string, Fault][] = [
    ['429, too many requests', { status: 429, headers: { 'retry-after': '0' } }],
    ['500', { status: 500 }],
    ['502 with a page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
    ['408', { status: 408 }],
    ['a line that is cut', 'drop'],
  ];
  it.each(passing)('%s', async (_, fault) => {
    server.fail(/search/, fault, fault);
    expect(await http().request(SEARCH)).toEqual({ runs: [] });
    expect(server.calls).toHaveLength(3);
  });

  it('is given up after a few tries, with the last reason', async () => {
    server.fail(/search/, 'drop', { status: 500 }, { status: 503 });
    await expect(http().request(SEARCH)).rejects.toMatchObject({ status: 503, passing: true });
    expect(server.calls).toHaveLength(3);
  });

  it('not: a request that may reach the server only once', async () => {
    server.fail(/search/, 'drop');
    await expect(http().request({ ...SEARCH, repeatable: false })).rejects.toMatchObject({ passing: true });
    expect(server.calls).toHaveLength(1);
  });

  const final: [string, number, string, Record<string, boolean>][] = [
    ['a wrong value', 400, '{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}', { gone: false }],
    ['a run that is not there', 404, '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}', { gone: true }],
    ['wrong credentials', 401, 'Unauthorized', { fixable: true }],
    ['no permission', 403, '{"error_code":"PERMISSION_DENIED","message":"no"}', { fixable: true }],
    ['an address that is no MLflow', 404, '<html>Not Found</html>', { fixable: true }],
  ];
  it.each(final)('not: %s', async (_, status, body, kind) => {
    server.fail(/search/, { status, body });
    await expect(http().request(SEARCH)).rejects.toMatchObject({ status, passing: false, ...kind });
    expect(server.calls).toHaveLength(1);
  });
});

describe('time and size', () => {
  it('a server that does not answer is left after the time limit', async () => {
    server.fail(/search/, 'hang');
    await expect(http({ attempts: 1, timeoutSeconds: 0.05 }).request(SEARCH)).rejects.toMatchObject({
      errorCode: 'TIMEOUT',
      status: 0,
      passing: true,
    });
  });

  it('a server that never ends an answer is left after a number of bytes', async () => {
    server.fail(/search/, 'endless');
    await expect(http({ attempts: 1, timeoutSeconds: 3600 }).request(SEARCH)).rejects.toMatchObject({
      errorCode: 'ANSWER_TOO_LONG',
      status: 0,
      passing: true,
    });
    server.fail(/search/, 'endless');
    expect(await http().request(SEARCH)).toEqual({ runs: [] });
  });

  it('a cancelled activity ends at once, as cancelled', async () => {
    const controller = new AbortController();
    server.fail(/search/, 'hang');
    const request = http({ signal: () => controller.signal }).request(SEARCH);
    controller.abort();
    await expect(request).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('credentials', () => {
  const sent = async (options: Partial<MlflowHttpOptions>) => {
    await http(options).request(SEARCH);
    return server.calls.at(-1)!.headers.authorization;
  };
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;

  it('none without a variable', async () => {
    expect(await sent({})).toBeUndefined();
  });
  it.each(['t0ken\nX-Evil: 1', 't0ken-ü'])('refuses the token %j by the name of its variable', (token) => {
    const open = () => new MlflowHttp({ url: 'http://127.0.0.1:1', env: { MLFLOW_TRACKING_TOKEN: token } });
    expect(open).toThrow('MLFLOW_TRACKING_TOKEN');
    expect(open).not.toThrow('t0ken');
  });

  it('a token goes before a name', async () => {
    const env = { MLFLOW_TRACKING_TOKEN: 't', MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'p' };
    expect(await sent({ env })).toBe('Bearer t');
  });
  it('name and password', async () => {
    const env = { MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'p:ü' };
    expect(await sent({ env })).toBe(basic('u:p:ü'));
  });
  it('those of the address, which stay out of links', async () => {
    const url = server.url.replace('http://', 'http://me:s%40crt@');
    expect(await sent({ url })).toBe(basic('me:s@crt'));
    expect(http({ url }).url).toBe(server.url);
  });
});

describe('address', () => {
  it.each(['databricks', 'sqlite:///mlflow.db', './mlruns', ''])('%j is refused with a sentence', (url) => {
    expect(() => http({ url })).toThrow(refusal('InvalidConfig', `MLFLOW_TRACKING_URI is "${url}"`, 'https://'));
  });
  it('is refused without repeating its password', () => {
    expect(() => http({ url: 'mlflow://me:s3cret@host' })).toThrow(/URI is "mlflow:\/\/\*\*\*@host"/);
  });
  it('keeps a path before the calls', () => {
    expect(http({ url: 'https://tracking.example/mlflow/' }).url).toBe('https://tracking.example/mlflow');
  });
});
