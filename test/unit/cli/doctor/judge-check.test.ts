import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { judgeAnswers } from '../../../../cli/doctor/judge-check.ts';
import { refusal } from '../../../refusal.ts';

let home: string;
let config: string;
let server: Server;
let asked: IncomingMessage | undefined;
let answer: (response: ServerResponse) => void;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked = request;
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  home = await mkdtemp(join(tmpdir(), 'videocap-doctor-'));
  config = join(home, 'judged.yaml');
  const { port } = server.address() as AddressInfo;
  const judge = {
    ...{ kind: 'llm', provider: 'openai', model: 'm', baseUrl: `http://127.0.0.1:${port}/v1` },
    ...{ apiKeyEnv: 'JUDGE_API_KEY', headers: { 'api-key': 'OTHER_API_KEY' }, query: { version: '2' } },
  };
  const quickstart = parse(await readFile('configs/quickstart.yaml', 'utf8')) as object;
  await writeFile(config, JSON.stringify({ ...quickstart, judge }));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => server?.close());

function keys(judge: string, other = 'other-secret'): void {
  vi.stubEnv('JUDGE_API_KEY', judge);
  vi.stubEnv('OTHER_API_KEY', other);
}

it('asks with the key, the headers and the parameters of the config', async () => {
  keys('judge-secret\n');
  answer = (response) => response.writeHead(200).end('{}');
  expect(await judgeAnswers(config, home)).toContain('HTTP 200');
  expect(asked).toMatchObject({
    url: '/v1/models?version=2',
    headers: { authorization: 'Bearer judge-secret', 'api-key': 'other-secret' },
  });
});

it.each([
  [401, 'refuses JUDGE_API_KEY'],
  [503, 'fails'],
  [302, 'leads to another address'],
])('fails where the endpoint answers %i', async (status, what) => {
  keys('judge-secret');
  answer = (response) => response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end();
  await expect(judgeAnswers(config, home)).rejects.toEqual(refusal('Unavailable', what, status));
});

it.each([
  ['', 'other-secret', 'JUDGE_API_KEY', 'judge.apiKeyEnv', 'not set'],
  ['judge-\nsecret', 'other-secret', 'JUDGE_API_KEY', 'judge.apiKeyEnv'],
  ['judge-secret', 'other-\nsecret', 'OTHER_API_KEY', 'judge.headers.api-key'],
])('names the variable of a key that cannot be sent, without the key: %j, %j', async (judge, other, ...named) => {
  keys(judge, other);
  const failed = judgeAnswers(config, home);
  await expect(failed).rejects.toEqual(refusal('MissingTool', ...named));
  expect(await failed.catch(String)).not.toMatch(/secret|resume/);
});
