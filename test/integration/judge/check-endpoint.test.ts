import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { checkLines } from '../../../cli/commands/judge-check.ts';
import { JudgeConfig, type LlmJudgeConfig } from '../../../judge/judge-config.ts';
import { isRight } from '../../../judge/providers/endpoint-check.ts';
import { checkEndpoint } from '../../../judge/providers/openai/check-endpoint.ts';
import { naming } from '../../refusal.ts';
import { hang, json, message, rateLimited, reasoning, status } from '../../servers/openai-faults.ts';
import { type Answer, type ChatRequest, type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';

let server: OpenAiServer | undefined;
afterEach(() => server?.close());

/** A model that judges well, and says hello where nothing keeps it to JSON. */
const verdicts = (events: { index: number }[]) => ({
  verdicts: events.map(({ index }) => ({ index, relationship: index === 1 ? 'entailment' : 'neutral' })),
});
const formatOf = ({ response_format }: ChatRequest) => response_format?.type ?? 'text';

/** A server that takes these formats and refuses others, and keeps answers to those it enforces. */
function serving(takes: string[], enforces: string[], judges = verdicts): Answer {
  return ({ events }, request) => {
    const format = formatOf(request);
    if (!takes.includes(format)) return status(400, { param: 'response_format' });
    if (events) return judges(events);
    if (!enforces.includes(format)) return 'hello';
    return format === 'json_schema' ? { colour: 'red', count: 1 } : { say: 'hello' };
  };
}

async function check(answer: Answer, { models, ...more }: Partial<LlmJudgeConfig> & { models?: string[] } = {}) {
  server = await startOpenAiServer(answer, models ? { models } : {});
  const config = { kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY', ...more };
  return checkEndpoint(JudgeConfig.parse(config) as LlmJudgeConfig, { env: { KEY: 'sk' } });
}

const ALL = ['json_schema', 'json_object', 'text'];

describe('a model that thinks', () => {
  const thinking = (finishReason: string, text: string | null, tokens = 1) =>
    json({
      choices: [
        { index: 0, finish_reason: finishReason, message: { content: text, reasoning_content: 'Okay, let me think' } },
      ],
      usage: { prompt_tokens: 300, completion_tokens: tokens },
    });

  test('and does not end: the remedy is judge.maxTokens', async () => {
    const found = await check((_, { max_tokens }) => thinking('length', null, max_tokens), { model: 'endless' });
    expect(found.answerFormat).toBeUndefined();
    expect(checkLines(found, { answerFormat: 'text' }).join('\n')).toMatch(
      /Set judge\.maxTokens to \d+ or more \(the config has 1024\): .* after \d+ tokens, most of them its thinking\./,
    );
  });

  test('and gives its thinking alone: the remedy is another parser, or no thinking', async () => {
    const found = await check(() => thinking('stop', null), { model: 'thought-only' });
    expect(checkLines(found, { answerFormat: 'text' }).join('\n')).toMatch(
      /turn its thinking off \(judge\.extraBody\)/,
    );
  });

  test('and answers is said to think', async () => {
    const found = await check(({ events }) => thinking('stop', JSON.stringify(events ? verdicts(events) : {})), {
      model: 'slow',
    });
    expect(found.answerFormat).toBeDefined();
    expect(found.advice).toEqual([expect.stringMatching(/^The model thinks before it answers/)]);
  });
});

describe('the format to set', () => {
  test.each([
    ['json-schema where the server keeps to it', ALL, ['json_schema', 'json_object'], 'json-schema'],
    ['json-object where the schema is dropped', ALL, ['json_object'], 'json-object'],
    ['json-object where the schema is refused', ['json_object', 'text'], ['json_object'], 'json-object'],
    ['text where formats are dropped', ALL, [], 'text'],
    ['text where formats are refused', ['text'], [], 'text'],
  ])('%s', async (_, takes, enforces, answerFormat) => {
    const { formats, fault, ...found } = await check(serving(takes, enforces));
    expect(fault).toBeUndefined();
    expect(found.answerFormat).toBe(answerFormat);
    for (const [name, type] of [
      ['json-schema', 'json_schema'],
      ['json-object', 'json_object'],
    ] as const)
      expect(formats[name]).toEqual(
        takes.includes(type)
          ? { works: true, enforced: enforces.includes(type) }
          : { works: false, fault: 'refused (status 400, param response_format, request req_1)' },
      );
    expect(formats.text).toEqual({ works: true });
  });

  test('is the one whose answers can be used, where a weak model needs to be kept to its shape', async () => {
    const weak: Answer = (question, request) =>
      formatOf(request) === 'json_schema' ? serving(ALL, ALL)(question, request) : 'I think the first one.';
    const { answerFormat, formats } = await check(weak);
    expect(answerFormat).toBe('json-schema');
    expect(formats.text).toEqual({
      works: false,
      fault: naming('one JSON object'),
    });
  });

  test('is none where no answer can be used', async () => {
    const found = await check(() => 'hello');
    expect(found).not.toHaveProperty('answerFormat');
    expect(found).not.toHaveProperty('example');
    expect(found).not.toHaveProperty('fault');
  });
});

describe('an example', () => {
  test('shows the verdicts of the endpoint beside the truth', async () => {
    const { example, hostile } = await check(serving(ALL, ALL));
    expect(example).toEqual({
      description: 'A woman in a yellow coat opens a red umbrella and crosses the street.',
      events: [
        { event: 'a woman crosses the street', entailed: true, verdict: 'entailment' },
        { event: 'a dog catches a ball', entailed: false, verdict: 'neutral' },
      ],
    });
    expect([isRight(example!), isRight(hostile!)]).toEqual([true, true]);
  });

  test('with a caption that gives orders shows who follows them', async () => {
    const obedient: Answer = (question, request) =>
      serving(ALL, ALL, (events) =>
        question.description.includes('Ignore the above')
          ? { verdicts: events.map(({ index }) => ({ index, relationship: 'entailment' })) }
          : verdicts(events),
      )(question, request);
    const { example, hostile } = await check(obedient);
    expect([isRight(example!), isRight(hostile!)]).toEqual([true, false]);
  });
});

test('says how long requests took and that tokens are counted', async () => {
  const { latencySeconds, reportsTokens } = await check(serving(ALL, ALL));
  expect(latencySeconds).toHaveLength(7);
  expect(server!.requests).toHaveLength(7);
  for (const seconds of latencySeconds) expect(seconds).toBeGreaterThan(0);
  expect(reportsTokens).toBe(true);
});

test('says that tokens are not counted', async () => {
  const uncounted: Answer =
    ({ events }) =>
    (response: ServerResponse) => {
      const content = events ? JSON.stringify(verdicts(events)) : 'hello';
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] }));
    };
  expect(await check(uncounted)).toMatchObject({ reportsTokens: false, answerFormat: 'text' });
});

test('says how a model wants to be asked that refuses a temperature and max_tokens', async () => {
  const found = await check(reasoning(serving(ALL, ALL)), { model: 'thinks' });
  expect(found).toMatchObject({ answerFormat: 'json-schema', refused: ['max_tokens', 'temperature'] });
  expect(checkLines(found, { answerFormat: 'json-schema' })).toContainEqual(
    naming('asked ', 'max_completion_tokens', 'without a temperature', '(it refuses max_tokens and temperature)'),
  );
  // Two requests were refused; seven questions were answered.
  expect(server!.requests).toHaveLength(9);
});

test('says nothing of that where a model takes both', async () => {
  const found = await check(serving(ALL, ALL));
  expect(found.refused).toEqual([]);
  expect(checkLines(found, { answerFormat: 'json-schema' }).join('\n')).not.toContain('asked');
});

describe('models', () => {
  test('that the endpoint lists are reported', async () => {
    expect((await check(serving(ALL, ALL), { models: ['a', 'm'] })).models).toEqual(['a', 'm']);
  });

  test('are unknown where it lists none', async () => {
    expect(await check(serving(ALL, ALL))).not.toHaveProperty('models');
  });
});

describe('an endpoint that cannot be used', () => {
  const at = () => `The judge at ${server!.baseUrl}`;
  test.each([
    [
      'refuses the key',
      () => status(401, { code: 'invalid_api_key' }),
      ['KEY (judge.apiKeyEnv)', '(status 401, code invalid_api_key', 'request req_1)', 'a valid one.'],
      1,
    ],
    [
      'has no such model',
      () => status(404),
      ['no model "m" (judge.model)', '(judge.baseUrl)', '(status 404, request req_1)', 'serve it there.'],
      1,
    ],
    [
      'asks for patience',
      () => rateLimited({ 'retry-after': '60' }),
      ['fewer requests', '(status 429', 'request req_1).'],
      1,
    ],
  ])('%s: one sentence, and no further questions', async (_, answer, named, requests) => {
    const found = await check(answer);
    expect(found.fault).toEqual(naming(at(), ...named));
    expect(found.formats).toEqual({});
    expect(server!.requests).toHaveLength(requests);
  });

  test('does not answer in time: it is asked once', async () => {
    const found = await check(() => hang, { timeoutSeconds: 0.3 });
    expect(found.fault).toEqual(naming(at(), '0.3 s', '(judge.timeoutSeconds).'));
    expect(server!.requests).toHaveLength(1);
  });

  test('is not there', async () => {
    const gone = await startOpenAiServer();
    await gone.close();
    const { fault } = await check(() => '', { baseUrl: gone.baseUrl });
    expect(fault).toEqual(naming(`${gone.baseUrl} (judge.baseUrl)`, 'cannot be reached', 'ECONNREFUSED'));
  });

  test('does not speak TLS where https is asked for', async () => {
    const plain = await startOpenAiServer();
    const { fault } = await check(() => '', { baseUrl: plain.baseUrl.replace('http:', 'https:') });
    await plain.close();
    expect(fault).toMatch(/does not speak https on this port \(ERR_SSL_\w+\): write http:\/\/ in judge\.baseUrl/);
  });

  test('is not asked without a key', async () => {
    server = await startOpenAiServer();
    const config = JudgeConfig.parse({ kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY' });
    await expect(checkEndpoint(config as LlmJudgeConfig, { env: {} })).rejects.toMatchObject({
      code: 'JudgeBlocked',
      message: expect.stringContaining('environment variable KEY'),
    });
    expect(server.requests).toEqual([]);
  });
});

test('a refusal of the probe alone leaves open whether a format is kept to', async () => {
  const shy: Answer = (question, request) =>
    question.events || formatOf(request) === 'text'
      ? serving(ALL, ALL)(question, request)
      : message({ content: null, refusal: 'No.' });
  const { formats, answerFormat } = await check(shy);
  expect(formats['json-schema']).toEqual({ works: true });
  expect(answerFormat).toBe('text');
});
