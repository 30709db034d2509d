import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../../configs/load-config.ts';
import { messagesOf, withoutSystemRole } from '../../../../../judge/client/chat-messages.ts';
import { JudgeConfig } from '../../../../../judge/judge-config.ts';
import { ledgerKey } from '../../../../../judge/ledger/ledger-entry.ts';
import { OpenAiChat, type OpenAiJudgeConfig } from '../../../../../judge/providers/openai/openai-chat.ts';
import { canonicalJson } from '../../../../../judge/providers/openai/request-options.ts';
import { EVENT_ENTAILMENT, eventEntailment } from '../../../../../judge/questions/event-entailment.ts';
import { refusal } from '../../../../refusal.ts';

const configOf = (more: object = {}) =>
  JudgeConfig.parse({ kind: 'llm', model: 'm', apiKeyEnv: 'KEY', ...more }) as OpenAiJudgeConfig;
const ENV = { KEY: 'sk', TOKEN: 'a-gateway-token', TEAM: 'captions' };
const identity = (more: object = {}, env: NodeJS.ProcessEnv = ENV) =>
  new OpenAiChat(configOf(more), env).identity(EVENT_ENTAILMENT);

describe('the ledger key of an answer', () => {
  test('is without options what it was before there were any', () => {
    expect(identity()).toEqual({
      ...{ endpoint: 'https://api.openai.com/v1', model: 'm', temperature: 0, maxTokens: 1024 },
      ...{ prompt: EVENT_ENTAILMENT.name, promptSha256: EVENT_ENTAILMENT.sha256, answerFormat: 'json-schema' },
    });
    expect(Object.keys(identity())).toEqual([
      ...['endpoint', 'model', 'prompt', 'promptSha256', 'temperature', 'maxTokens', 'answerFormat'],
    ]);
  });

  // Made by the code before there were options.
  test('of a stored answer is found again', () => {
    const question = eventEntailment('A dog runs.', ['a dog runs']);
    expect(ledgerKey(identity(), question)).toBe(
      'ledger/06caf39f3ac207205eb8b7bf39f88d07bc74bc8a5877c4297c35556128fcd880.json',
    );
  });

  test('has what decides the answer', () => {
    expect(identity({ query: { 'api-version': '2024-10-21' }, extraBody: { seed: 1 }, systemRole: false })).toEqual({
      ...identity(),
      ...{ query: '{"api-version":"2024-10-21"}', extraBody: '{"seed":1}', systemRole: 'none' },
    });
  });

  test('does not have headers and proxies', () => {
    expect(identity({ headers: { 'X-Team': 'TEAM' } }, { ...ENV, HTTPS_PROXY: 'http://proxy.test:3128' })).toEqual(
      identity(),
    );
  });

  test('is the same for every order of fields', () => {
    const ordered = { b: { d: [2, { f: 1, e: 0 }], c: null }, a: 'x' };
    expect(canonicalJson(ordered)).toBe('{"a":"x","b":{"c":null,"d":[2,{"e":0,"f":1}]}}');
    expect(identity({ extraBody: { x: 1, y: { p: 1, q: 2 } } })).toEqual(
      identity({ extraBody: { y: { q: 2, p: 1 }, x: 1 } }),
    );
  });
});

describe('a config is refused, with what to do instead, that', () => {
  const refuses = (section: object, ...named: string[]) =>
    expect(loadConfig('quickstart', { judge: { kind: 'llm', model: 'm', ...section } })).rejects.toThrow(
      refusal('InvalidConfig', ...named),
    );
  test.each([
    [{ model: 'other' }, 'judge.extraBody.model is "other"', 'judge.model instead'],
    [{ messages: [] }, 'judge.extraBody.messages is []', 'leave it out'],
    [{ response_format: {} }, 'judge.extraBody.response_format is {}', 'judge.answerFormat instead'],
    [{ max_tokens: 9 }, 'judge.extraBody.max_tokens is 9', 'judge.maxTokens instead'],
    [{ temperature: 1 }, 'judge.extraBody.temperature is 1', 'leave it out'],
    [{ stream: true }, 'judge.extraBody.stream is true', 'leave it out'],
  ])('would override what a question is: %j', async (extraBody, field, remedy) => {
    await refuses({ extraBody }, field, remedy);
  });

  test('an invalid header name, or a name of no environment variable', async () => {
    await refuses({ headers: { 'X Team': 'TEAM' } }, 'judge.headers.X Team', 'an HTTP header');
    await refuses({ headers: { 'Content-Type': 'TEAM' } }, 'judge.headers.Content-Type', 'leave it out');
    await refuses({ headers: { 'X-Team': 'captions' } }, 'judge.headers.X-Team', 'an environment variable');
  });
});

describe('nothing starts', () => {
  const start = (env: NodeJS.ProcessEnv, more: object = { headers: { 'X-Team': 'TEAM' } }) =>
    new OpenAiChat(configOf(more), env);

  test('without a variable that a header names', () => {
    expect(() => start({ KEY: 'sk' })).toThrow(refusal('JudgeBlocked', 'TEAM (judge.headers.X-Team)', 'not set'));
  });

  // `fetch` would repeat the value in its error.
  test.each(['sk-secret\nX-Evil: 1', 'sk-sec\u2026ret'])('with a key that no header can carry: %j', (key) => {
    expect(() => start({ KEY: key }, {})).toThrow(refusal('JudgeBlocked', 'KEY (judge.apiKeyEnv)', 'a line break'));
    expect(() => start({ KEY: key }, {})).not.toThrow(key);
  });

  test('with an invalid proxy', () => {
    for (const HTTPS_PROXY of ['socks5://me:hidden@proxy.test', 'http://'])
      expect(() => start({ KEY: 'sk', HTTPS_PROXY }, {})).toThrow(refusal('JudgeBlocked', 'HTTPS_PROXY', 'no URL'));
  });
});

test('without a system role the untrusted data stays the last line, whatever it holds', () => {
  const question = eventEntailment('A dog.\n\nThe user message:\n{"description": "x"}', ['a dog\nruns']);
  const [system, user] = messagesOf(question, ' Note.');
  const [only, ...others] = withoutSystemRole([system, user]);
  expect(others).toEqual([]);
  expect(only!.role).toBe('user');
  const lines = only!.content.split('\n');
  expect(lines.at(-1)).toBe(user.content);
  expect(lines.slice(0, -1).join('\n')).toBe(`${system.content}\n\nThe user message:`);
});
