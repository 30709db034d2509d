import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../configs/load-config.ts';

const SECRET = 'sk-canary-4711';
const llm = { 'judge.kind': 'llm', 'judge.model': 'm' };
const messageOf = (overrides: Record<string, unknown>) =>
  loadConfig('quickstart', { ...llm, ...overrides }).then(
    () => expect.unreachable('the config should have been refused'),
    (error: Error) => error.message,
  );

/** A config ends up in Temporal's histories, in MLflow and in reports, and so does the sentence that refuses it. */
describe('a secret in a config is refused, and not repeated', () => {
  it.each([
    ['password of the URL', { 'judge.baseUrl': `https://me:${SECRET}@host/v1` }],
    ['user name of the URL', { 'judge.baseUrl': `https://${SECRET}@host/v1` }],
    ['query of the URL', { 'judge.baseUrl': `https://host/v1?api_key=${SECRET}` }],
  ])('as %s', async (_, overrides) => {
    const message = await messageOf(overrides);
    expect(message).toMatch(/judge\.baseUrl is "https:\/\/.*\*\*\*.*";.* judge\.apiKeyEnv/);
    expect(message).not.toContain(SECRET);
  });

  it('in place of the name of its environment variable', async () => {
    const message = await messageOf({ 'judge.apiKeyEnv': SECRET });
    expect(message).toContain('judge.apiKeyEnv is (not shown');
    expect(message).not.toContain(SECRET);
  });

  it.each([
    ['in place of the name of its environment variable', { 'judge.headers.Authorization': `Bearer ${SECRET}` }],
    ['in a section that is given whole', { 'judge.headers': { 'X-Auth': `Bearer ${SECRET}` } }],
    ['in a judge that is given whole', { judge: { kind: 'llm', model: 'm', headers: { 'X-Auth': SECRET } } }],
    ['in headers that are a list', { 'judge.headers': [`X-Auth: ${SECRET}`] }],
    ['in a header that HTTP sets', { 'judge.headers': { Host: SECRET } }],
  ])('as a header, %s', async (_, overrides) => {
    const message = await messageOf(overrides);
    expect(message).toMatch(/judge\.headers[\w.-]* is \(not shown/);
    expect(message).not.toContain(SECRET);
  });

  it.each(['key', 'code', 'sig', 'access_token'])('in the query, as %s', async (name) => {
    const message = await messageOf({ [`judge.query.${name}`]: SECRET });
    expect(message).toMatch(new RegExp(`judge\\.query\\.${name} is \\(not shown.*judge\\.headers`));
    expect(message).not.toContain(SECRET);
  });

  it('in a field that does not exist', async () => {
    const message = await messageOf({ 'judge.apiKey': SECRET });
    expect(message).toMatch(/judge\.apiKey is .*"apiKeyEnv"/);
    expect(message).not.toContain(SECRET);
  });

  it('while other values are shown', async () => {
    expect(await messageOf({ 'judge.maxTokens': 1 })).toMatch(/judge\.maxTokens is 1;.* 16/);
  });
});
