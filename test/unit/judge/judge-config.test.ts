import { expect, test } from 'vitest';
import { isLlm, isPriced, JudgeConfig } from '../../../judge/judge-config.ts';

test("a language model's provider is OpenAI's chat API unless the config names another", () => {
  const judge = JudgeConfig.parse({ kind: 'llm', model: 'm' });
  expect(judge).toMatchObject({
    provider: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    answerFormat: 'json-schema',
  });
  expect(JudgeConfig.parse({ kind: 'llm', provider: 'openai', model: 'm' })).toEqual(judge);
  expect(isLlm(judge)).toBe(true);
});

test('a rule is no language model, and takes none of its fields', () => {
  expect(isLlm(JudgeConfig.parse({ kind: 'rule-based' }))).toBe(false);
  expect(JudgeConfig.safeParse({ kind: 'rule-based', model: 'm' }).success).toBe(false);
});

test('a judge is priced by either kind of token', () => {
  const priced = (price: object) => {
    const judge = JudgeConfig.parse({ kind: 'llm', model: 'm', price });
    return isLlm(judge) && isPriced(judge);
  };
  expect([{}, { inputPerMillion: 1 }, { outputPerMillion: 1 }].map(priced)).toEqual([false, true, true]);
});

test.each(['ftp://judge.test/v1', 'ws://judge.test/v1', 'file:///etc/passwd', 'judge.test:8000/v1'])(
  '%s is no URL of a judge',
  (baseUrl) => {
    const { error } = JudgeConfig.safeParse({ kind: 'llm', model: 'm', baseUrl });
    expect(error?.issues).toMatchObject([
      { path: ['baseUrl'], message: 'set a URL that begins with http:// or https://' },
    ]);
  },
);
