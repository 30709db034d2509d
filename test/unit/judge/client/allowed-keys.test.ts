import { expect, it } from 'vitest';
import { requireAllowed, requireAllowedKeys } from '../../../../judge/client/allowed-keys.ts';
import { naming } from '../../../refusal.ts';

const path = '/home/me/.videocap/allowed.yaml';
const keys = [
  { variable: 'DASHSCOPE_API_KEY', url: 'https://dashscope.example/compatible-mode' },
  { variable: 'PLAIN', url: 'http://gpu-7:8000/' },
];
const refused = (variable: string, url: string) => {
  try {
    requireAllowed(variable, url, 'judge.apiKeyEnv', { keys, path });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

it.each([
  ['OPENAI_API_KEY', 'https://api.openai.com/v1'],
  ['DASHSCOPE_API_KEY', 'https://dashscope.example/compatible-mode'],
  ['DASHSCOPE_API_KEY', 'https://dashscope.example/compatible-mode/v1?a=b'],
  ['PLAIN', 'http://gpu-7:8000/v1'],
  ['VLLM_KEY', 'http://127.0.0.1:8000/v1'],
  ['HF_TOKEN', 'http://localhost:8000/v1'],
  ['MY_SECRET', 'http://[::1]:8000/v1'],
])('%s may be sent to %s', (variable, url) => expect(refused(variable, url)).toBeUndefined());

it.each([
  ['another host', 'OPENAI_API_KEY', 'https://other-host/v1'],
  ['a host below the allowed one', 'OPENAI_API_KEY', 'https://api.openai.com.evil.example/v1'],
  ['the allowed host as a user name', 'OPENAI_API_KEY', 'https://api.openai.com@evil.example/v1'],
  ['without TLS', 'OPENAI_API_KEY', 'http://api.openai.com/v1'],
  ['another port', 'PLAIN', 'http://gpu-7:8001/v1'],
  ['a path beside the allowed one', 'DASHSCOPE_API_KEY', 'https://dashscope.example/compatible-modeX/v1'],
  ['a path that climbs out', 'DASHSCOPE_API_KEY', 'https://dashscope.example/compatible-mode/../v1'],
  ['a path that climbs out in disguise', 'DASHSCOPE_API_KEY', 'https://dashscope.example/compatible-mode/..%2fv1'],
  ['a path that some servers cut', 'DASHSCOPE_API_KEY', 'https://dashscope.example/compatible-mode/..;/v1'],
  ['another variable', 'AWS_SECRET_ACCESS_KEY', 'https://dashscope.example/compatible-mode'],
  ['a name that looks like this machine', 'VLLM_KEY', 'http://127.0.0.1.evil.example/v1'],
])('is refused: %s', (_, variable, url) => {
  expect(refused(variable, url)).toContain(`The value of ${variable} (judge.apiKeyEnv) may not be sent to `);
});

it('names what to add, where, and how to continue', () => {
  expect(refused('OPENAI_API_KEY', 'https://other-host/v1')).toEqual(
    naming(path, 'keys: [{ variable: OPENAI_API_KEY, url: "https://other-host/" }]', 'videocap resume'),
  );
});

it.each([
  ...['HOME', 'DATABASE_URL', 'PGPASSWORD', 'DB_PASSWORD', 'KEYBOARD', 'TOKEN_FILE', 'API_KEY_PATH', 'SSH_AUTH_SOCK'],
  ...[
    'PUBLIC_KEY',
    'SSH_KEY',
    'GPG_KEY',
    'TLS_PRIVATE_KEY',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'CSRF_TOKEN',
  ],
])('%s is not named as the key of an API, and goes nowhere, not even to this machine', (variable) => {
  expect(refused(variable, 'http://127.0.0.1:8000/v1')).toEqual(naming(`${variable} (judge.apiKeyEnv)`, path));
});

it('the variables of headers are checked as well', () => {
  const config = { apiKeyEnv: 'KEY', headers: { 'X-Team': 'PATH' }, baseUrl: 'http://127.0.0.1:1/v1' };
  expect(() => requireAllowedKeys(config, { keys: [], path })).toThrow('PATH (judge.headers.X-Team)');
});
