import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAllowed } from '../../../configs/allowed.ts';
import { refusal } from '../../refusal.ts';

let home: string;
beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'videocap-allowed-')));
});
afterAll(() => rm(home, { recursive: true }));

async function allowed(text: string) {
  await writeFile(join(home, 'allowed.yaml'), text);
  return readAllowed(home);
}
const refuses = (text: string, ...named: string[]) =>
  expect(allowed(text)).rejects.toThrow(refusal('InvalidConfig', `${home}/allowed.yaml:1:`, ...named));

test('without a file, nothing is allowed', async () => {
  const path = join(home, 'nowhere', 'allowed.yaml');
  expect(await readAllowed(join(home, 'nowhere'))).toEqual({
    ...{
      rewards: { modules: {}, urls: {} },
      keys: [],
      configs: [],
      rolloutServers: [],
      path,
      folder: join(home, 'nowhere'),
    },
  });
});

test('an empty file allows nothing', async () => {
  expect((await allowed('')).rewards).toEqual({ modules: {}, urls: {} });
});

test('modules are paths, and URLs have headers by the names of environment variables', async () => {
  const text = `rewards:
    modules: { brevity: rewards/brevity.ts }
    urls:
      style: { url: "https://host/score", headers: { Authorization: STYLE_TOKEN } }
      plain: { url: "http://h" }`;
  expect((await allowed(text)).rewards).toEqual({
    modules: { brevity: 'rewards/brevity.ts' },
    urls: {
      style: { url: 'https://host/score', headers: { Authorization: 'STYLE_TOKEN' } },
      plain: { url: 'http://h', headers: {} },
    },
  });
});

test('rollout servers are addresses without a path', async () => {
  const { rolloutServers } = await allowed('rolloutServers: ["http://h:8000"]');
  expect(rolloutServers).toEqual(['http://h:8000']);
  await refuses('rolloutServers: ["http://h:8000/v1"]', 'rolloutServers[0]', 'http://127.0.0.1:8000');
});

test('a fault is named with its place and its value, without a secret', async () => {
  await refuses('reward: {}', '1: reward', '"rewards"');
  await refuses('rewards: { modules: { "../x": a.ts } }', '23: rewards.modules.../x');
  await refuses('rewards: { modules: { x: a.py } }', '23: rewards.modules.x is "a.py"');
  await refuses(
    'rewards: { urls: { x: { url: "file:///etc/passwd" } } }',
    '25: rewards.urls.x.url',
    'file:///etc/passwd',
  );
  await refuses('rewards: { urls: { x: { url: "https://host/?key=abc" } } }', '25: rewards.urls.x.url', 'host/?***"');
  await refuses('- rewards', '1:', 'not a list');
  await refuses('rewards: [', 'Correct the YAML there.');
});

test('headers that HTTP sets, and one header under two names, are refused', async () => {
  const headers = (text: string) => `rewards: { urls: { x: { url: "https://host", headers: ${text} } } }`;
  await refuses(headers('{ Content-Length: TOKEN }'), 'rewards.urls.x.headers.Content-Length', 'leave it out');
  await refuses(headers('{ Token: TOKEN, token: OTHER }'), 'rewards.urls.x.headers.Token', 'name it once');
  await refuses('rewards: { modules: { __proto__: a.ts } }', '23: rewards.modules.__proto__');
});
