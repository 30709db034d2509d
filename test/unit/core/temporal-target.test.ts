import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporalTarget } from '../../../core/temporal-target.ts';
import { namesTemporal, withoutTemporalVariables } from '../../../core/temporal-variables.ts';

it('is the local server where no variable is set', () => {
  const { namespace, connection } = temporalTarget({ HOME: '/nowhere' });
  expect(namespace).toBe('default');
  expect(connection).toMatchObject({ address: '127.0.0.1:7233' });
  expect(connection.tls).toBeUndefined();
  expect(temporalTarget({ TEMPORAL_ADDRESS: '' }, '127.0.0.1:1').connection.address).toBe('127.0.0.1:1');
});

it('turns TLS on for an API key', () => {
  const env = { TEMPORAL_ADDRESS: 'eu.tmprl.cloud:7233', TEMPORAL_NAMESPACE: 'lab.a1b2c', TEMPORAL_API_KEY: 'k' };
  expect(temporalTarget(env)).toMatchObject({
    namespace: 'lab.a1b2c',
    connection: { address: 'eu.tmprl.cloud:7233', apiKey: 'k', tls: true },
  });
});

it('reads certificates and profiles of files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-'));
  const pem = join(folder, 'a.pem');
  await writeFile(pem, 'PEM');
  const tls = temporalTarget({
    ...{ TEMPORAL_ADDRESS: 'a:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: pem },
    ...{ TEMPORAL_TLS_CLIENT_CERT_PATH: pem, TEMPORAL_TLS_CLIENT_KEY_PATH: pem, TEMPORAL_TLS_SERVER_NAME: 'b' },
  }).connection.tls;
  const bytes = Buffer.from('PEM');
  expect(tls).toMatchObject({ serverNameOverride: 'b', clientCertPair: { crt: expect.anything() } });
  expect(Buffer.from((tls as { serverRootCACertificate: Uint8Array }).serverRootCACertificate)).toEqual(bytes);

  const file = join(folder, 'temporal.toml');
  await writeFile(file, '[profile.lab]\naddress = "lab:7233"\nnamespace = "caps"\n');
  expect(temporalTarget({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'lab' })).toMatchObject({
    namespace: 'caps',
    connection: { address: 'lab:7233' },
  });
});

it('leaves the file in a home alone unless a variable asks for it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'videocap-'));
  const env = { HOME: home, XDG_CONFIG_HOME: home };
  await writeFile(join(home, 'temporal.toml'), '[profile.default]\naddress = "elsewhere:7233"\n');
  expect(temporalTarget(env).connection.address).toBe('127.0.0.1:7233');
});

it.each([
  { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml', TEMPORAL_PROFILE: 'lab' },
  { TEMPORAL_ADDRESS: 'a:1', TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' },
])('refuses %j in one sentence', (env) => {
  expect(() => temporalTarget(env)).toThrow(/^Temporal's settings cannot be read: .*; correct the TEMPORAL_ variables/);
});

it('takes an API key without the line break at the end of its file', () => {
  expect(temporalTarget({ TEMPORAL_API_KEY: 'key-1\n' }).connection.apiKey).toBe('key-1');
});

it.each([
  { TEMPORAL_API_KEY: 'hidden\nkey' },
  { TEMPORAL_API_KEY: 'hiddén' },
  { TEMPORAL_GRPC_META_X_TOKEN: 'hid\nden' },
])('refuses a secret that no request can carry, without what it holds: %j', (env) => {
  expect(() => temporalTarget(env)).toThrow(/^TEMPORAL_(API_KEY|GRPC_META_X_TOKEN) holds a line break, or a /);
});

it('names the line at which a file is wrong, and shows nothing of it', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'videocap-')), 'temporal.toml');
  await writeFile(file, '[profile.default]\naddress = "lab:7233"\napi_key = "hidden\n');
  expect(() => temporalTarget({ TEMPORAL_CONFIG_FILE: file })).toThrow(
    /^Temporal's settings cannot be read: Invalid TOML document: [^\n]*, line 3; correct (?!.*hidden)/,
  );
});

it('keeps what belongs to another server from local programs', () => {
  expect(
    withoutTemporalVariables({ PATH: '/bin', TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: 'true', TEMPORAL_UI_URL: 'u' }),
  ).toEqual({ PATH: '/bin', TEMPORAL_UI_URL: 'u' });
  expect(namesTemporal({ TEMPORAL_PROFILE: 'lab' })).toBe(true);
  expect(namesTemporal({ TEMPORAL_ADDRESS: '', TEMPORAL_UI_URL: 'u' })).toBe(false);
});
