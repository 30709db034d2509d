import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAllowed } from '../../../configs/allowed.ts';

let home: string;
beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'videocap-allowed-')));
});
afterAll(() => rm(home, { recursive: true }));

async function allowed(text: string) {
  await writeFile(join(home, 'allowed.yaml'), text);
  return readAllowed(home);
}
async function sentence(text: string): Promise<string> {
  return allowed(text).then(
    () => 'no error',
    (error: Error) => error.message.replaceAll(home, '~'),
  );
}

test('without a file, nothing is allowed', async () => {
  const path = join(home, 'nowhere', 'allowed.yaml');
  expect(await readAllowed(join(home, 'nowhere'))).toEqual({
    ...{ rewards: { modules: {}, urls: {} }, keys: [], configs: [], path, folder: join(home, 'nowhere') },
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

test('what is wrong is told with its place and its remedy', async () => {
  expect(await sentence('reward: {}')).toBe(
    '~/allowed.yaml:1:1: reward is not a known field (did you mean "rewards"?). Sections: rewards, keys, configs.',
  );
  expect(await sentence('rewards: { modules: { "../x": a.ts } }')).toMatch(
    /^~\/allowed\.yaml:1:23: rewards\.modules\.\.\.\/x/,
  );
  expect(await sentence('rewards: { modules: { x: a.py } }')).toBe(
    '~/allowed.yaml:1:23: rewards.modules.x is "a.py"; set a text that matches /\\.m?[jt]s$/.',
  );
  expect(await sentence('rewards: { urls: { x: { url: "file:///etc/passwd" } } }')).toBe(
    '~/allowed.yaml:1:25: rewards.urls.x.url is "file:///etc/passwd"; set a URL such as "https://host/v1".',
  );
  expect(await sentence('rewards: { urls: { x: { url: "https://host/?key=abc" } } }')).toBe(
    '~/allowed.yaml:1:25: rewards.urls.x.url is "https://host/?***"; ' +
      'write no user, password or query into a URL: send secrets as headers.',
  );
  expect(await sentence('- rewards')).toBe('~/allowed.yaml:1:1: write a section such as "rewards:", not a list.');
  expect(await sentence('rewards: [')).toMatch(/^~\/allowed\.yaml:1:\d+: .*Correct the YAML there\.$/);
});

test('headers that HTTP sets, and one header under two names, are refused', async () => {
  const headers = (text: string) => sentence(`rewards: { urls: { x: { url: "https://host", headers: ${text} } } }`);
  expect(await headers('{ Content-Length: TOKEN }')).toContain('leave it out: HTTP itself sets it.');
  expect(await headers('{ Token: TOKEN, token: OTHER }')).toContain('name it once');
  expect(await sentence('rewards: { modules: { __proto__: a.ts } }')).toBe(
    '~/allowed.yaml:1:23: rewards.modules.__proto__ is a name that no field can have; choose another.',
  );
});
