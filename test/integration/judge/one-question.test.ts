import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { listAll } from '../../../core/storage.ts';
import { parseKey } from '../../../core/store-layout.ts';
import { CLOCK } from '../../../judge/client/clock.ts';
import type { LlmClient } from '../../../judge/client/llm-client.ts';
import { createLlmClient } from '../../../judge/create-judge.ts';
import { JudgeConfig, type LlmJudgeConfig } from '../../../judge/judge-config.ts';
import { eventEntailment } from '../../../judge/questions/event-entailment.ts';
import { naming } from '../../refusal.ts';
import * as faults from '../../servers/openai-faults.ts';
import { type Answer, type OpenAiServer, readsWords, startOpenAiServer } from '../../servers/openai-server.ts';

// What a server does to one question must not harm the others, nor come back as an answer.

let root: string;
let store: ArtifactStore;
let server: OpenAiServer;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-one-'));
  store = new ArtifactStore(root);
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

/** A client waits between its requests while the endpoint fails; what it asks does not depend on how long. */
beforeAll(() => {
  const { sleep } = CLOCK;
  vi.spyOn(CLOCK, 'sleep').mockImplementation((milliseconds, signal) => sleep(milliseconds / 20, signal));
});
afterAll(() => vi.restoreAllMocks());

const EVENTS = ['a dog runs'];
const RIGHT = { answer: ['entailment'] };
const captionOf = (number: number) => `A dog runs, number ${number}.`;

async function start(answer: Answer) {
  server = await startOpenAiServer(answer);
}

function client(more: object = {}, place = 'runs/r/step-000001'): LlmClient {
  const judge = { kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY', timeoutSeconds: 20, ...more };
  return createLlmClient(JudgeConfig.parse(judge) as LlmJudgeConfig, { store, place, env: { KEY: 'key' } });
}

/** Asks about all captions, again as Temporal does while the endpoint fails; how often that was is counted. */
async function askAll(captions: readonly string[], more: object = {}, place?: string) {
  for (let attempts = 1; ; attempts++) {
    const llm = client(more, place);
    const settled = await Promise.allSettled(captions.map((caption) => llm.ask(eventEntailment(caption, EVENTS))));
    const failed = settled.find((one) => one.status === 'rejected');
    if (!failed)
      return {
        attempts,
        usage: llm.usage,
        outcomes: settled.map((one) => (one as PromiseFulfilledResult<unknown>).value),
      };
    if (attempts > 20 || failed.reason.code !== 'Unavailable') throw failed.reason;
  }
}

async function keysUnder(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { kind, key } of listAll(store.storage, prefix)) if (kind === 'ref') keys.push(key);
  return keys;
}
const inLedger = async () => (await keysUnder('ledger/')).filter((key) => parseKey(key)?.kind === 'ledgerEntry').length;

const isStar = (description: string) => description.includes('star');
const failsAt =
  (fault: faults.Fault): Answer =>
  (question, request) =>
    isStar(question.description) ? fault : readsWords(question, request);

describe('a question that the endpoint always fails at', { timeout: 60_000 }, () => {
  test.each([
    ['500, among many', faults.status(500), 60, 8],
    ['500, among many, one at a time', faults.status(500), 60, 1],
    ['500, and few others', faults.status(500), 3, 4],
    ['503', faults.status(503), 3, 4],
    ['a broken connection', faults.drop, 3, 4],
    ['an error in a 200', faults.json({ error: { code: 502, message: 'x' } }), 3, 4],
    ['no choices', faults.json({ choices: [] }), 3, 4],
    ['vague words of a filter', faults.says(403, 'Your request was blocked by our firewall'), 3, 4],
  ])('%s: it has no score, the others have', async (_, fault, others, concurrency) => {
    await start(failsAt(fault));
    const captions = ['A star shines.', ...Array.from({ length: others }, (_, i) => captionOf(i))];
    const { outcomes } = await askAll(captions, { concurrency });
    expect(outcomes[0]).toMatchObject({
      unscorable: true,
      reason: expect.stringMatching(/^the endpoint fails at this question, 5 times while it answers others: /),
    });
    expect(outcomes.slice(1)).toEqual(captions.slice(1).map(() => RIGHT));
    // It is kept with the run, not in the ledger.
    expect(await inLedger()).toBe(others);
    expect(await keysUnder('runs/r/judge-outcomes/')).toHaveLength(1);
    const before = server.requests.length;
    expect((await askAll(captions, { concurrency }, 'runs/r/step-000002')).outcomes).toEqual(outcomes);
    expect(server.requests).toHaveLength(before);
  });

  test('what is asked to learn whether the endpoint works is paid for, and counts', async () => {
    await start(failsAt(faults.status(500)));
    const { usage } = await askAll(['A star shines.', captionOf(1)]);
    const { answered, questions } = server.account();
    expect(questions).toBe(3);
    expect(answered).toBeGreaterThan(2);
    // The question without an answer was put to the judge as well.
    expect(usage).toMatchObject({ calls: answered + 1, inputTokens: 10 * answered });
  });

  test('three of them, first in line, and one question at a time', async () => {
    await start(failsAt(faults.status(500)));
    const captions = [1, 2, 3].map((i) => `A star shines, number ${i}.`);
    const { outcomes } = await askAll([...captions, captionOf(1)], { concurrency: 1 });
    expect(outcomes.filter((one) => 'unscorable' in (one as object))).toHaveLength(3);
    expect(outcomes[3]).toEqual(RIGHT);
  });

  test('a whole outage is none: every question is asked until it has an answer', async () => {
    let down = true;
    await start((question, request) => (down ? faults.status(500) : readsWords(question, request)));
    const captions = [1, 2, 3].map(captionOf);
    for (let i = 0; i < 6; i++)
      await Promise.allSettled(captions.map((caption) => client().ask(eventEntailment(caption, EVENTS))));
    down = false;
    expect((await askAll(captions)).outcomes).toEqual(captions.map(() => RIGHT));
    expect(await keysUnder('runs/')).toEqual([]);
  });
});

describe('an endpoint that refuses everything', { timeout: 60_000 }, () => {
  const captions = [1, 2, 3].map(captionOf);

  test('in vague words: nothing is kept, and it is asked until it answers', async () => {
    let refuses = true;
    const refusal = faults.says(403, 'Access to this content has been blocked by your administrator');
    await start((question, request) => (refuses ? refusal : readsWords(question, request)));
    for (let i = 0; i < 6; i++)
      await Promise.allSettled(captions.map((caption) => client().ask(eventEntailment(caption, EVENTS))));
    refuses = false;
    expect((await askAll(captions)).outcomes).toEqual(captions.map(() => RIGHT));
    expect(await keysUnder('runs/')).toEqual([]);
  });

  test('in a page: a person must look, and nothing is kept', async () => {
    await start(() => faults.html(403, 'Your request was blocked by our firewall'));
    await expect(askAll(captions)).rejects.toMatchObject({ code: 'JudgeBlocked' });
    expect(await inLedger()).toBe(0);
    expect(await keysUnder('runs/')).toEqual([]);
  });

  test('as its moderation does: the run has no scores, and other runs ask again', async () => {
    let refuses = true;
    await start((question, request) => (refuses ? faults.contentFilter : readsWords(question, request)));
    const { outcomes } = await askAll(captions);
    expect(outcomes).toEqual(captions.map(() => expect.objectContaining({ unscorable: true })));
    expect(await inLedger()).toBe(0);
    refuses = false;
    expect((await askAll(captions, {}, 'runs/other/step-000001')).outcomes).toEqual(captions.map(() => RIGHT));
  });

  test('while one that answers others has refused for every run', async () => {
    await start(failsAt(faults.contentFilter));
    await askAll([captionOf(1)]);
    await askAll(['A star shines.']);
    expect(await inLedger()).toBe(2);
  });
});

describe('an error told inside a 200 is waited for, and never enters the ledger', () => {
  const ending = (reason: string) => faults.message({ content: '' }, reason);
  test.each([
    ['finish_reason error', ending('error')],
    ['finish_reason abort', ending('abort')],
    ['an aborted answer that looks whole', faults.message({ content: '{"verdicts": []}' }, 'abort')],
    ['insufficient_system_resource', ending('insufficient_system_resource')],
    ['an error instead of choices', faults.json({ error: { code: 502, message: 'Provider returned error' } })],
    ['an error with a text code', faults.json({ error: { code: 'server_error', message: 'x' } })],
    ['an error as a text', faults.json({ error: 'overloaded' })],
    ["vLLM's error body", faults.json({ object: 'error', message: 'x', type: 'InternalServerError', code: 500 })],
    [
      'an error beside a choice',
      faults.json({
        choices: [{ index: 0, finish_reason: 'stop', message: { content: 'x' }, error: { code: 502, message: 'x' } }],
      }),
    ],
    ['an HTML page', faults.html(200)],
    ['an error that is an empty list', faults.json({ error: [], choices: [] })],
    ['a list in lists', faults.json({ error: JSON.parse('['.repeat(2000) + ']'.repeat(2000)) })],
    [
      'success: false',
      faults.json({ success: false, choices: [{ finish_reason: 'stop', message: { content: 'x' } }] }),
    ],
  ])('%s', async (_, fault) => {
    await start(readsWords);
    server.failNext(fault, fault);
    const { outcomes } = await askAll([captionOf(1), captionOf(2)], { concurrency: 1 });
    expect(outcomes).toEqual([RIGHT, RIGHT]);
    for (const key of (await keysUnder('ledger/')).filter((key) => parseKey(key)))
      expect(JSON.stringify(await store.readJson((await store.find(key))!, z.unknown()))).not.toMatch(/error|abort/);
  });

  test('its code says what it is: no credits left is for a person', async () => {
    await start(() => faults.json({ error: { code: 402, message: 'This request requires more credits' } }));
    await expect(askAll([captionOf(1)])).rejects.toMatchObject({
      code: 'JudgeBlocked',
      message: expect.stringContaining('has no quota left'),
    });
  });
});

describe('a window that is too small', () => {
  const window = faults.vllmWindow;

  test('for one question: it has no score, and a later run with a larger window asks again', async () => {
    let tokens = 600;
    await start((question, request) => window(tokens)(request) ?? readsWords(question, request));
    const long = `A dog runs. ${'It runs on and on. '.repeat(200)}`;
    const { outcomes } = await askAll([long, captionOf(1)], { maxTokens: 100 });
    expect(outcomes).toEqual([{ unscorable: true, reason: naming('longer than the judge can read') }, RIGHT]);
    expect(await inLedger()).toBe(1);
    tokens = 10_000;
    expect((await askAll([long], { maxTokens: 100 }, 'runs/other/step-000001')).outcomes).toEqual([RIGHT]);
  });

  test('for the longer answer of a repetition: it is asked for at the usual length', async () => {
    let first = true;
    await start((question, request) => {
      const refused = window(700)(request);
      if (refused || !first) return refused ?? readsWords(question, request);
      first = false;
      return faults.message({ content: '{"verdicts": [     ' }, 'length');
    });
    const { outcomes, usage } = await askAll([captionOf(1)], { maxTokens: 250 });
    expect(outcomes).toEqual([RIGHT]);
    expect(server.requests.map(({ max_tokens }) => max_tokens)).toEqual([250, 500, 250]);
    expect(usage).toMatchObject({ calls: 1, repeated: 0 });
  });
});

describe('a model that thinks', () => {
  /** Takes so many tokens to think before it answers. */
  const thinks =
    (tokens: number, field: 'reasoning' | 'reasoning_content' | 'think' = 'reasoning_content'): Answer =>
    (question, request) => {
      const may = request.max_tokens ?? 0;
      const said = may < tokens ? null : JSON.stringify(readsWords(question, request));
      const thought = 'Okay ...';
      const text = field === 'think' ? `<think>${thought}${said === null ? '' : `</think>${said}`}` : said;
      return faults.json({
        choices: [
          {
            index: 0,
            finish_reason: said === null ? 'length' : 'stop',
            message: { role: 'assistant', content: text, ...(field !== 'think' && { [field]: thought }) },
          },
        ],
        usage: { prompt_tokens: 300, completion_tokens: Math.min(may, tokens) },
      });
    };

  test.each(['reasoning', 'reasoning_content', 'think'] as const)(
    'gets room for it once its first answer shows that it does (%s)',
    async (field) => {
      await start(thinks(2600, field));
      const captions = Array.from({ length: 31 }, (_, i) => captionOf(i));
      const { outcomes } = await askAll(captions, { model: `thinks-${field}`, concurrency: 1 });
      expect(outcomes).toEqual(captions.map(() => RIGHT));
      expect(server.requests).toHaveLength(32);
      expect(server.requests.slice(0, 2).map(({ max_tokens }) => max_tokens)).toEqual([1024, 2048 + 8192]);
    },
  );

  test('gets less of it where its window is small', async () => {
    await start((question, request) => faults.vllmWindow(5000)(request) ?? thinks(2600)(question, request));
    const { outcomes } = await askAll([1, 2].map(captionOf), { model: 'thinks-narrow', concurrency: 1 });
    expect(outcomes).toEqual([RIGHT, RIGHT]);
    const asked = server.requests.map(({ max_tokens }) => max_tokens);
    expect(asked).toEqual([1024, 2048 + 8192, 2048 + 4096, 2048 + 2048, 1024 + 2048]);
  });

  test('has not answered where all there is stands in its thinking', async () => {
    await start((question, request) =>
      faults.json({
        choices: [
          {
            index: 0,
            finish_reason: 'stop',
            message: { content: null, reasoning_content: JSON.stringify(readsWords(question, request)) },
          },
        ],
      }),
    );
    const { outcomes } = await askAll([captionOf(1)]);
    expect(outcomes).toEqual([expect.objectContaining({ unscorable: true })]);
  });
});

test('content as parts is read, without the thinking among them', async () => {
  await start((question, request) => {
    const draft = JSON.stringify({ verdicts: [{ index: 1, relationship: 'contradiction' }] });
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: draft }] },
      { type: 'text', text: JSON.stringify(readsWords(question, request)) },
    ];
    return faults.json({ choices: [{ index: 0, finish_reason: 'stop', message: { content: parts } }] });
  });
  expect((await askAll([captionOf(1)])).outcomes).toEqual([RIGHT]);
});

test('an answer of no use, then faults on its repetition: it is not paid for again', async () => {
  await start(readsWords);
  server.failNext(faults.message({ content: 'I think so.' }), ...Array.from({ length: 3 }, () => faults.status(500)));
  const { outcomes, usage, attempts } = await askAll([captionOf(1)], { concurrency: 1 });
  expect(outcomes).toEqual([RIGHT]);
  expect(attempts).toBe(2);
  expect(usage).toMatchObject({ calls: 1, inputTokens: 20, outputTokens: 10, repeated: 0 });
  // What came after the faults was the repetition, with its note, and not the question from its beginning.
  expect(server.requests.at(-1)!.messages[0]!.content).toContain('Your last answer could not be used');
});
