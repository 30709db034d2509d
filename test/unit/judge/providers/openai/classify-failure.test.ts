import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import type { FailedRequest } from '../../../../../judge/client/chat-api.ts';
import { JudgeError } from '../../../../../judge/client/judge-error.ts';
import { classifyFailure } from '../../../../../judge/providers/openai/classify-failure.ts';
import { naming, refusal } from '../../../../refusal.ts';

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

test.each([301, 302, 307, 308])('a redirection (%d) is for a person to follow', (status) => {
  expect(failed(status)).toMatchObject({
    fault: { kind: 'blocked', sentence: naming('another address'), remedy: naming('judge.baseUrl') },
  });
});

describe('a fault that passes is unavailable', () => {
  test.each([
    [408, 'timed out', true],
    [409, 'was in conflict with another request', false],
    [425, 'was not ready', false],
    [429, 'asks for fewer requests', false],
    [500, 'has an internal error', false],
    [502, 'cannot be reached behind its proxy', true],
    [503, 'has an internal error', false],
    [504, 'did not answer its proxy in time', true],
    [529, 'has an internal error', false],
  ])('%d', (status, what, perhapsPaid) => {
    expect(failed(status)).toEqual({
      fault: {
        kind: 'unavailable',
        sentence: `The judge at http://judge.test:8000/v1 ${what}`,
        details: `status ${status}`,
        // Whatever is asked, or perhaps only this.
        ...(![409, 425, 429].includes(status) && { perhapsOneQuestion: true }),
        ...(status === 429 && { fewerRequests: true }),
      },
      perhapsPaid,
    });
  });

  const because = (code: string) => Object.assign(new Error('x'), { code });
  test.each([
    [
      'no server',
      new APIConnectionError({ cause: new TypeError('x', { cause: because('ECONNREFUSED') }) }),
      false,
      'ECONNREFUSED',
    ],
    [
      'an unknown name',
      new APIConnectionError({ cause: new TypeError('x', { cause: because('ENOTFOUND') }) }),
      false,
      'ENOTFOUND',
    ],
    [
      'a connection lost',
      new APIConnectionError({ cause: new TypeError('x', { cause: because('ECONNRESET') }) }),
      true,
      'ECONNRESET',
    ],
    ['the client timeout', new APIConnectionTimeoutError(), true, undefined],
    ['a connection lost in the middle of an answer', new TypeError('terminated'), true, undefined],
    ['an answer that ends early', new SyntaxError('Unexpected end of JSON input'), true, undefined],
  ])('%s', (_, error, perhapsPaid, details) => {
    expect(classifyFailure(error, endpoint)).toEqual({
      fault: {
        kind: 'unavailable',
        sentence: naming('http://judge.test:8000/v1 (judge.baseUrl)', 'cannot be reached'),
        ...(details !== undefined && { details }),
        ...(perhapsPaid && { perhapsOneQuestion: true }),
      },
      perhapsPaid,
    });
  });
});

describe('an endpoint that asks for patience is waited for, whatever its status', () => {
  const refusedWith = (status: number, error: object) =>
    classifyFailure(APIError.generate(status, { error }, undefined, new Headers()), endpoint);
  test.each([
    [400, { message: 'Too many tokens, please wait before trying again.' }],
    [429, { message: 'Too many tokens, please wait before trying again.' }],
    [400, { message: 'Too many tokens per day, please wait before trying again.' }],
    [403, { message: 'litellm.RateLimitError: BedrockException - Too many tokens, please wait' }],
    [400, { message: 'Rate exceeded', type: 'ThrottlingException' }],
    [422, { message: 'Slow down', code: 'rate_limit_exceeded' }],
  ])('%i %j', (status, error) => {
    expect(refusedWith(status, error)).toMatchObject({ fault: { kind: 'unavailable' }, perhapsPaid: false });
  });

  test('a text that is too long is no reason to wait, though it may be tried again', () => {
    const message = 'Too many input tokens (9000 > 8192); try again with a shorter prompt.';
    expect(refusedWith(400, { message })).toMatchObject({ unscorable: true, tooLong: true });
  });
});

describe('a fault that stays until a person acts blocks, and says what to do', () => {
  const key = 'JUDGE_KEY (judge.apiKeyEnv)';
  test.each([
    [400, {}, ['`videocap judge check`', '(status 400)', 'correct']],
    [400, { param: 'max_tokens' }, ['judge.maxTokens', '(status 400, param max_tokens)', 'correct']],
    [401, { code: 'invalid_api_key' }, [key, '(status 401, code invalid_api_key)', 'a valid one']],
    [402, {}, ['no quota left', key, '(status 402)', 'top up']],
    [403, {}, [key, '"big-judge" (judge.model)', '(status 403)', 'have it allowed']],
    [404, {}, ['no model "big-judge" (judge.model)', '(judge.baseUrl)', '(status 404)', 'serve it']],
    [422, {}, ['`videocap judge check`', '(status 422)', 'correct']],
    [429, { code: 'insufficient_quota' }, ['no quota left', key, '(status 429, code insufficient_quota)', 'top up']],
    [429, { type: 'insufficient_quota' }, ['no quota left', key, '(status 429)', 'top up']],
    [
      400,
      { code: 'billing_hard_limit_reached' },
      ['no budget left', key, '(status 400', 'code billing_hard_limit_reached)', "the account's limit"],
    ],
  ])('%d %j', (status, error, named) => {
    const failure = failed(status, error) as FailedRequest;
    expect(failure).toMatchObject({ fault: { kind: 'blocked' }, perhapsPaid: false });
    expect(new JudgeError(failure.fault)).toEqual(
      refusal('JudgeBlocked', 'http://judge.test:8000/v1', ...named, '`videocap resume`'),
    );
  });
});

describe('a refusal to judge this text is unscorable', () => {
  test.each([
    [400, 'content_filter', 'the endpoint filtered the content'],
    [400, 'content_policy_violation', 'the endpoint filtered the content'],
    [400, 'context_length_exceeded', naming('longer than the judge can read')],
  ])('%d %s', (status, code, reason) => {
    const tooLong = code === 'context_length_exceeded' && { tooLong: true };
    expect(failed(status, { code })).toEqual({ unscorable: true, reason, unread: true, ...tooLong });
  });
});

describe('the endpoint decides about a retry', () => {
  test.each([
    ['the key', 'sk-0123456789abcdef'],
    ['a piece of the key', '0123456789'],
    ['the key in something longer', 'key.sk-0123456789abcdef.'],
  ])('a code that is %s is left out of the message', (_, code) => {
    const error = APIError.generate(500, { error: { message: 'x', code, param: 'model' } }, undefined, new Headers());
    expect(classifyFailure(error, { ...endpoint, secrets: ['none', 'sk-0123456789abcdef'] })).toMatchObject({
      fault: {
        sentence: 'The judge at http://judge.test:8000/v1 has an internal error',
        details: 'status 500, param model',
      },
    });
  });

  test('x-should-retry: true makes a 400 pass', () => {
    expect(failed(400, {}, { 'x-should-retry': 'true' })).toMatchObject({ fault: { kind: 'unavailable' } });
  });
  test('x-should-retry: true leaves a 429 what it is', () => {
    const found = failed(429, {}, { 'x-should-retry': 'true' });
    expect(found).toMatchObject({ fault: { kind: 'unavailable', fewerRequests: true } });
  });
  test('x-should-retry: false makes a 429 stay', () => {
    expect(failed(429, {}, { 'x-should-retry': 'false' })).toMatchObject({ fault: { kind: 'blocked' } });
  });
});

describe('Retry-After is kept, between a second and a day', () => {
  test.each([
    [{ 'retry-after': '20' }, 20_000],
    [{ 'retry-after-ms': '2500', 'retry-after': '20' }, 2500],
    [{ 'retry-after': '0' }, 1000],
    [{ 'retry-after': '3600' }, 3_600_000],
    [{ 'retry-after': '200000' }, 86_400_000],
    [{ 'retry-after': new Date(Date.now() + 200_000_000).toUTCString() }, 86_400_000],
    [{ 'retry-after': 'soon' }, undefined],
  ])('%j', (headers, wait) => {
    const { fault } = failed(429, {}, headers) as FailedRequest;
    expect('retryAfterMilliseconds' in fault ? fault.retryAfterMilliseconds : undefined).toBe(wait);
  });
});

test('messages never repeat the words of the endpoint, nor credentials in its address', () => {
  const odd = failed(400, { code: 'A caption. sk-secret', param: 'messages[0].content' });
  expect(odd).toMatchObject({ fault: { details: 'status 400, param messages[0].content' } });
  expect(JSON.stringify(odd)).not.toMatch(/caption\.|sk-secret|user:secret/);
});

test('anything else is not ours to explain', () => {
  expect(classifyFailure(new Error('a defect'), endpoint)).toBeUndefined();
  expect(classifyFailure(new TypeError('x is not a function'), endpoint)).toBeUndefined();
});

describe('a connection that stays broken until a person acts', () => {
  const broken = (code: string) =>
    new APIConnectionError({
      cause: new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) }),
    });
  test.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'no authority known here has signed', 'NODE_EXTRA_CA_CERTS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'no authority known here has signed', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'no authority known here has signed', 'NODE_EXTRA_CA_CERTS'],
    ['CERT_HAS_EXPIRED', 'is not valid today', 'renew it'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'for another host name', 'judge.baseUrl'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak https on this port', 'write http:// in judge.baseUrl'],
    ['HPE_INVALID_CONSTANT', 'but not in HTTP', 'check the host and the port'],
  ])('%s: %s', (code, problem, remedy) => {
    expect(classifyFailure(broken(code), endpoint)).toEqual({
      fault: {
        kind: 'blocked',
        sentence: expect.stringContaining(problem),
        remedy: expect.stringContaining(remedy),
        details: code,
      },
      perhapsPaid: false,
    });
  });

  test('http on a port of https, in the words of nginx', () => {
    const page = '<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>';
    const error = APIError.generate(400, { error: { message: page } }, undefined, new Headers());
    expect(classifyFailure(error, endpoint)).toMatchObject({
      fault: { kind: 'blocked', remedy: 'write https:// in judge.baseUrl' },
    });
  });
});
