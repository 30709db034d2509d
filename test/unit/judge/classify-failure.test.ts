import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { classifyFailure } from '../../../activities/judge/classify-failure.ts';

const endpoint = { baseUrl: 'http://user:secret@judge.test:8000/v1', model: 'big-judge', apiKeyEnv: 'JUDGE_KEY' };
const failed = (status: number, error: object = {}, headers: Record<string, string> = {}) =>
  classifyFailure(
    APIError.generate(
      status,
      { error: { message: 'sk-secret A caption.', ...error } },
      undefined,
      new Headers(headers),
    ),
    endpoint,
  );

describe('a fault that passes is unavailable', () => {
  test.each([
    [408, 'timed out'],
    [409, 'was in conflict with another request'],
    [425, 'was not ready'],
    [429, 'asks for fewer requests'],
    [500, 'is in trouble'],
    [502, 'is in trouble'],
    [503, 'is in trouble'],
    [504, 'is in trouble'],
    [529, 'is in trouble'],
  ])('%d', (status, what) => {
    expect(failed(status)).toEqual({
      kind: 'unavailable',
      message: `The judge at http://judge.test:8000/v1 ${what} (status ${status}). It will be asked again.`,
    });
  });

  test.each([
    ['no connection', new APIConnectionError({ message: 'refused' })],
    ['the client timeout', new APIConnectionTimeoutError()],
    ['a connection lost in the middle of an answer', new TypeError('terminated')],
    ['an answer that ends early', new SyntaxError('Unexpected end of JSON input')],
  ])('%s', (_, error) => {
    expect(classifyFailure(error, endpoint)).toEqual({
      kind: 'unavailable',
      message:
        'The judge at http://judge.test:8000/v1 (judge.baseUrl) cannot be reached, or breaks off. It will be asked again.',
    });
  });
});

describe('a fault that stays until someone acts is misconfigured', () => {
  test.each([
    [400, {}, 'refuses the request; check judge.model, judge.maxTokens and judge.baseUrl (status 400).'],
    [
      400,
      { param: 'max_tokens' },
      'refuses the request; check judge.model, judge.maxTokens and judge.baseUrl (status 400, param max_tokens).',
    ],
    [
      401,
      { code: 'invalid_api_key' },
      'refuses the key in the environment variable JUDGE_KEY (judge.apiKeyEnv) (status 401, code invalid_api_key).',
    ],
    [402, {}, 'has no quota left for the key in JUDGE_KEY (judge.apiKeyEnv): top up the account (status 402).'],
    [403, {}, 'does not let the key in JUDGE_KEY (judge.apiKeyEnv) use "big-judge" (judge.model) (status 403).'],
    [404, {}, 'knows no model "big-judge" (judge.model) under this address (judge.baseUrl) (status 404).'],
    [422, {}, 'refuses the request; check judge.model, judge.maxTokens and judge.baseUrl (status 422).'],
    [
      429,
      { code: 'insufficient_quota' },
      'has no quota left for the key in JUDGE_KEY (judge.apiKeyEnv): top up the account (status 429, code insufficient_quota).',
    ],
    [
      429,
      { type: 'insufficient_quota' },
      'has no quota left for the key in JUDGE_KEY (judge.apiKeyEnv): top up the account (status 429).',
    ],
    [
      400,
      { code: 'billing_hard_limit_reached' },
      "has no budget left for the key in JUDGE_KEY (judge.apiKeyEnv): raise the account's limit (status 400, code billing_hard_limit_reached).",
    ],
  ])('%d %j', (status, error, rest) => {
    expect(failed(status, error)).toEqual({
      kind: 'misconfigured',
      message: `The judge at http://judge.test:8000/v1 ${rest}`,
    });
  });
});

describe('a refusal to judge this text is unscorable', () => {
  test.each([
    [400, 'content_filter', 'the endpoint filtered the content'],
    [400, 'content_policy_violation', 'the endpoint filtered the content'],
    [400, 'context_length_exceeded', 'the question is longer than the judge can read'],
  ])('%d %s', (status, code, reason) => {
    expect(failed(status, { code })).toEqual({ kind: 'unscorable', reason });
  });
});

describe('the endpoint has the last word on trying again', () => {
  test('x-should-retry: true makes a 400 pass', () => {
    expect(failed(400, {}, { 'x-should-retry': 'true' })).toMatchObject({ kind: 'unavailable' });
  });
  test('x-should-retry: false makes a 429 stay', () => {
    expect(failed(429, {}, { 'x-should-retry': 'false' })).toMatchObject({ kind: 'misconfigured' });
  });
});

describe('Retry-After is kept, between a second and a quarter of an hour', () => {
  test.each([
    [{ 'retry-after': '20' }, 20_000],
    [{ 'retry-after-ms': '2500', 'retry-after': '20' }, 2500],
    [{ 'retry-after': '0' }, 1000],
    [{ 'retry-after': '86400' }, 900_000],
    [{ 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }, 900_000],
    [{ 'retry-after': 'soon' }, undefined],
  ])('%j', (headers, wait) => {
    const failure = failed(429, {}, headers);
    expect('retryAfterMilliseconds' in failure! ? failure.retryAfterMilliseconds : undefined).toBe(wait);
  });
});

test('messages never repeat the words of the endpoint, nor credentials in its address', () => {
  const odd = failed(400, { code: 'A caption. sk-secret', param: 'messages[0].content' });
  expect(odd).toMatchObject({ message: expect.stringContaining('(status 400, param messages[0].content)') });
  expect(JSON.stringify(odd)).not.toMatch(/caption\.|sk-secret|user:secret/);
});

test('anything else is not ours to explain', () => {
  expect(classifyFailure(new Error('a defect'), endpoint)).toBeUndefined();
  expect(classifyFailure(new TypeError('x is not a function'), endpoint)).toBeUndefined();
});
