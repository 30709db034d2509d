import { expect, it } from 'vitest';
import { secretFrom, tellsSecret, withoutSecrets } from '../../../../judge/client/secrets.ts';

it.each(['sk-1\nX-Evil: 1', 'sk-\u{1f511}', 'schlüssel-1', 'sk-1\u0000'])('%j is refused, and not quoted', (key) => {
  try {
    secretFrom({ JUDGE_KEY: key }, 'JUDGE_KEY', 'judge.apiKeyEnv', 'set it');
    expect.unreachable();
  } catch (error) {
    const { message } = error as Error;
    expect(message).toContain('JUDGE_KEY (judge.apiKeyEnv)');
    for (const piece of key.split(/[^\w-]/).filter((part) => part.length > 3)) expect(message).not.toContain(piece);
  }
});

it('line breaks around a key are those of the file that it was read from', () => {
  expect(secretFrom({ JUDGE_KEY: 'sk-1234\n' }, 'JUDGE_KEY', 'judge.apiKeyEnv', 'set it')).toBe('sk-1234');
});

it.each(['k3y!', 'abc123', 'sk-live-4711'])('a short key is hidden as a long one is: %s', (key) => {
  expect(withoutSecrets(`the key ${key} is refused`, [key])).toBe('the key *** is refused');
  expect(tellsSecret(key, [key])).toBe(true);
});

it.each(['EMPTY', 'none', 'sk', 'any'])('a word that stands for no key is left in answers: %s', (key) => {
  expect(withoutSecrets(`an ${key} box`, [key])).toBe(`an ${key} box`);
});
