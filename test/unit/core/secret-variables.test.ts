import { expect, it } from 'vitest';
import { isHeaderValue, namesSecret, withoutSecretVariables } from '../../../core/secret-variables.ts';

it.each(['OPENAI_API_KEY', 'KEY', 'HF_TOKEN', 'MLFLOW_TRACKING_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'my_apikey'])(
  '%s names a secret',
  (variable) => expect(namesSecret(variable)).toBe(true),
);

it.each(['HOME', 'PATH', 'KEYBOARD', 'MONKEY', 'XDG_SESSION_ID', 'TOKENIZERS_PARALLELISM', 'AUTHOR'])(
  '%s names none',
  (variable) => expect(namesSecret(variable)).toBe(false),
);

it('an environment without them keeps the rest', () => {
  expect(withoutSecretVariables({ PATH: '/bin', OPENAI_API_KEY: 'sk', LANG: 'C' })).toEqual({
    PATH: '/bin',
    LANG: 'C',
  });
});

it.each([
  ['sk-1', true],
  ['a b\tc', true],
  ['sk-1\nX-Evil: 1', false],
  ['schlüssel', false],
  ['键', false],
  ['', false],
])('%j as a header: %s', (secret, can) => expect(isHeaderValue(secret)).toBe(can));
