import { describe, expect, test } from 'vitest';
import { readCompletion } from '../../../../../judge/providers/openai/read-completion.ts';

const endpoint = { baseUrl: 'http://judge.test/v1', model: 'm', apiKeyEnv: 'KEY' };
const TEXT = '{"verdict": "no"}';
const choices = (reason: string, content = TEXT) => [{ finish_reason: reason, message: { content } }];
const read = (body: unknown) => readCompletion(body, endpoint);
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('an answer', () => {
  test.each([
    ['an empty error', { error: { code: 0, message: '' } }],
    ['an error that names success', { error: { code: 200, message: 'success' } }],
    ['null', { error: null }],
    ['success', { success: true, status: 'success', base_resp: { status_code: 0, status_msg: '' } }],
    ['a status without failure', { status: 200 }],
  ])('beside %s', (_, beside) => {
    expect(read({ ...beside, choices: choices('stop') })).toMatchObject({ text: TEXT, finishReason: 'stop' });
  });
});

describe('an outage', () => {
  test.each([
    ['an error that is an empty list', { error: [], choices: choices('stop') }],
    ['an error that is a list of lists', { error: [[]], choices: choices('stop') }],
    ['an error without choices', { error: {} }],
    ['an error with a message', { error: { code: 0, message: 'boom' }, choices: choices('stop') }],
    ['a body nested deeply', nested(200_000)],
    ['an error nested deeply', { error: nested(200_000) }],
    ['an error nested deeply beside choices', { error: nested(200_000), choices: choices('stop') }],
    ['a detail nested deeply', { detail: nested(200_000) }],
    ['an error of a choice nested deeply', { choices: [{ ...choices('error')[0], error: nested(200_000) }] }],
    ['success: false', { success: false, choices: choices('stop') }],
    ['status error', { status: 'error', choices: choices('stop') }],
    ['status failed, with a message', { status: 'failed', message: 'x', choices: choices('stop') }],
    ['status 503', { status: 503, choices: choices('stop') }],
    ["MiniMax's rate limit", { base_resp: { status_code: 1002, status_msg: 'rate limit' }, choices: choices('stop') }],
    ['no choices', { choices: [] }],
    ['nothing', null],
  ])('%s', (_, body) => {
    expect(read(body)).toMatchObject({ fault: { kind: 'unavailable' } });
  });
});

describe('a finish reason', () => {
  test.each(['length', 'max_tokens', 'token_limit', 'max_new_tokens', 'MAX_TOKENS', 'incomplete', 'max_length'])(
    '%s: cut off',
    (reason) => {
      expect(read({ choices: choices(reason) })).toMatchObject({ finishReason: 'length' });
    },
  );

  test.each(['content_filter', 'content_policy', 'blocked', 'safety', 'SAFETY', 'content_policy_violation'])(
    '%s: filtered',
    (reason) => {
      expect(read({ choices: choices(reason) })).toMatchObject({ unscorable: true });
    },
  );

  test.each(['stop', 'eos', 'end_turn', 'stop_sequence', 'tool_calls', ''])('%j: whole', (reason) => {
    expect(read({ choices: choices(reason) })).toMatchObject({ text: TEXT });
  });
});
