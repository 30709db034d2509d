import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createJudgeActivities } from '../../../activities/judge-completions.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { parseCompletion } from '../../../core/completion.ts';
import { VideocapError } from '../../../core/errors.ts';
import type { DatasetManifest } from '../../../core/sample.ts';
import { listAll } from '../../../core/storage.ts';
import { ASKING, parseKey } from '../../../core/store-layout.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import { naming } from '../../refusal.ts';
import * as faults from '../../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { withScores } from '../../stored-scores.ts';

// Each test lets an endpoint fail in one way and judges a step's captions through it, tried again as Temporal would.

let root: string;
let store: ArtifactStore;
let server: OpenAiServer;
beforeEach(async () => {
  const { now } = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
  root = await mkdtemp(join(tmpdir(), 'videocap-faults-'));
  store = new ArtifactStore(root);
  server = await startOpenAiServer();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
  await rm(root, { recursive: true });
});

const EVENTS = ['a dog runs', 'a cat sleeps', 'a bird sings'];
const CAPTIONS = ['A dog runs.', 'A dog runs. A cat sleeps.', 'A cow.'];
const SCORES = [1 / 3, 2 / 3, 0].map((value) => ({ value }));
const KEY = 'sk-very-secret';
/** Soon enough for a test to wait for; late enough for a good answer from a busy machine. */
const SHORT = { timeoutSeconds: 1 };

async function inputFor(captions: string[], judge: object = {}) {
  const video = { path: '/a.mp4', sha256: '0'.repeat(64), bytes: 1 };
  const sample = { id: 'a', video, caption: 'A dog runs.', events: EVENTS };
  const manifest: DatasetManifest = { name: 't', digest: 'd', train: [sample], heldOut: [], quarantined: [] };
  const completions = captions.map((caption) => {
    const text = `<answer>${caption}</answer>`;
    return { text, tokenIds: [], logProbs: [], truncated: false, parsed: parseCompletion(text) };
  });
  return {
    ...{ runKey: 'r', step: 1, round: 0, part: 0 },
    rollout: await store.putJson('rollout.json', { step: 1, groups: [{ sampleId: 'a', completions }] }),
    manifest: await store.putJson('manifest.json', manifest),
    judge: JudgeConfig.parse({
      kind: 'llm',
      model: 'm',
      baseUrl: server.baseUrl,
      apiKeyEnv: 'KEY',
      timeoutSeconds: 30,
      concurrency: 1,
      ...judge,
    }),
    reward: RewardConfig.parse({ caption: { variant: 'linear' } }),
  };
}

let ahead = 0;

/** Judges as Temporal would have it: again after what passes, once its time is over, up to what does not. */
async function judge(captions = CAPTIONS, config: object = {}) {
  const input = await inputFor(captions, config);
  const waits: (number | undefined)[] = [];
  for (;;) {
    try {
      const output = createJudgeActivities({ store, env: { KEY } }).judgeCompletions(input);
      const { scores, usage } = await withScores(store, output);
      return { scores: scores.caption![0], usage, waits };
    } catch (error) {
      if (!(error instanceof VideocapError)) throw error;
      expect(`${error.message} ${error.stack} ${error.cause}`).not.toMatch(/sk-very-secret|A dog|a cat/);
      if (error.code !== 'Unavailable') return { blocked: error, waits };
      waits.push(error.retryAfterMilliseconds);
      ahead += error.retryAfterMilliseconds ?? 0;
    }
  }
}

/** One ledger entry a question, none asked for that is not there, no intent left. */
async function ledgerSize(): Promise<number> {
  const entries: string[] = [];
  for await (const { kind, key } of listAll(store.storage, 'ledger/')) {
    expect(key).not.toContain(ASKING);
    if (kind === 'ref' && parseKey(key)?.kind === 'ledgerEntry') entries.push(key);
  }
  return entries.length;
}

/** The endpoint recovered: the scores are those of a quiet day, each answer was paid for once. */
async function expectUnharmed(outcome: Awaited<ReturnType<typeof judge>>) {
  expect(outcome.scores).toEqual(SCORES);
  expect(server.account()).toMatchObject({ questions: 3, answered: 3, duplicates: 0, unanswered: 0 });
  expect(await ledgerSize()).toBe(3);
}

/** One completion met the fault, whichever was asked first; the others are as on a quiet day. */
function expectOneUnscorable(scores: unknown[] | undefined, reason: string) {
  const unscorable = { unscorable: true, reason };
  expect(scores).toContainEqual(unscorable);
  const met = scores!.findIndex((score) => 'unscorable' in (score as object));
  expect(scores).toEqual(SCORES.with(met, unscorable as never));
}

describe('what passes is waited for, and harms nothing', () => {
  test('500', async () => {
    server.failNext(faults.status(500));
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(outcome.waits).toEqual([]);
    expect(outcome.usage).toMatchObject({ calls: 3, repeated: 0 });
  });

  test('502 with a page of HTML', async () => {
    server.failNext(faults.html(502));
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(outcome.usage).toMatchObject({ calls: 3, repeated: 1 });
  });

  test('a request that hangs', async () => {
    server.failNext(faults.hang);
    const outcome = await judge(CAPTIONS, SHORT);
    await expectUnharmed(outcome);
    expect(outcome.usage).toMatchObject({ calls: 3, repeated: 1 });
  });

  test('an answer that drips and never ends', async () => {
    server.failNext(faults.drip);
    await expectUnharmed(await judge(CAPTIONS, SHORT));
  });

  test.each([
    ['an answer that floods and never ends', faults.endless()],
    ['an answer after which blanks come for ever', faults.endlessAfterAnswer],
    ['an error that floods and never ends', faults.endless(500)],
    ['a packed answer that is huge once it is unpacked', faults.packed],
  ])('%s, whatever time it is given', async (_, fault) => {
    server.failNext(fault);
    const outcome = await judge(CAPTIONS, { timeoutSeconds: 600 });
    await expectUnharmed(outcome);
    expect(outcome.waits).toEqual([]);
  });

  test('an answer that stops in its middle', async () => {
    server.failNext(faults.stall);
    await expectUnharmed(await judge(CAPTIONS, SHORT));
  });

  test('a connection reset in the middle of the answer', async () => {
    server.failNext(faults.reset);
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(outcome.usage).toMatchObject({ calls: 3, repeated: 1 });
  });

  test('429 without Retry-After', async () => {
    server.failNext(faults.rateLimited());
    await expectUnharmed(await judge());
  });

  test('429 with Retry-After in seconds: waits durably for so long', async () => {
    server.failNext(faults.rateLimited({ 'retry-after': '20' }));
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(outcome.waits).toEqual([20_000]);
  });

  test('429 with a Retry-After of hours: waits durably for all of it, and holds no worker', async () => {
    server.failNext(faults.rateLimited({ 'retry-after': '7200' }));
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(outcome.waits).toEqual([7_200_000]);
  });

  test('429 with Retry-After as a date: waits durably until then', async () => {
    server.failNext(faults.rateLimited({ 'retry-after': new Date(Date.now() + 90_000).toUTCString() }));
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(outcome.waits).toEqual([expect.closeTo(89_000, -4)]);
  });

  test('429 with Retry-After in milliseconds: sits a short one out', async () => {
    server.failNext(faults.rateLimited({ 'retry-after-ms': '1100' }));
    const started = performance.now();
    const outcome = await judge();
    await expectUnharmed(outcome);
    expect(performance.now() - started).toBeGreaterThan(1090);
    expect(outcome.waits).toEqual([]);
  });

  test('a 10-minute outage: an attempt sends no more than it must, and nothing is lost', async () => {
    server.failNext(...Array.from({ length: 30 }, (_, i) => (i % 2 ? faults.drop : faults.status(503))));
    const outcome = await judge(CAPTIONS, { concurrency: 3 });
    await expectUnharmed(outcome);
    expect(server.account().asked).toBe(33);
    expect(outcome.waits.length).toBeGreaterThanOrEqual(5);
  });
});

describe('what needs a person blocks with one sentence, without a second request', () => {
  test.each([
    ['401', faults.unauthorized, /refuses the key .* KEY .*: .* a valid one/],
    ['insufficient_quota', faults.insufficientQuota, /has no quota left .*: top up the account/],
    ['403', faults.status(403), /the key in KEY .*: have it allowed/],
    ['404', faults.status(404), /knows no model "m" .*: serve it there/],
    ['400', faults.status(400), /`videocap judge check` .*: correct the config/],
  ])('%s, then resumed', async (_, fault, sentence) => {
    server.failNext(fault);
    const { blocked } = await judge();
    expect(blocked).toMatchObject({ code: 'JudgeBlocked', message: expect.stringMatching(sentence) });
    expect(blocked!.message).toMatch(/, then `videocap resume`\.$/);
    expect(server.requests).toHaveLength(1);
    await expectUnharmed(await judge());
  });

  test('a key that is not in the environment', async () => {
    const input = await inputFor(CAPTIONS);
    await expect(createJudgeActivities({ store, env: {} }).judgeCompletions(input)).rejects.toMatchObject({
      code: 'JudgeBlocked',
      message: naming('KEY (judge.apiKeyEnv)', 'not set'),
    });
  });

  test('a budget that is reached, then raised', async () => {
    const { blocked } = await judge(CAPTIONS, { budget: { calls: 2 } });
    expect(blocked).toMatchObject({
      code: 'JudgeBlocked',
      message: expect.stringContaining('judge.budget.calls is 2'),
    });
    expect(server.requests).toHaveLength(2);
    await expectUnharmed(await judge(CAPTIONS, { budget: { calls: 3 } }));
  });

  test('a budget in USD, also where the endpoint counts no tokens', async () => {
    server.failNext(faults.uncounted, faults.uncounted, faults.uncounted);
    const price = { inputPerMillion: 1000, outputPerMillion: 1000 };
    const { blocked } = await judge(CAPTIONS, { price, budget: { usd: 0.1 }, concurrency: 3 });
    expect(blocked).toMatchObject({
      code: 'JudgeBlocked',
      message: expect.stringMatching(/has cost 0\.[1-9]\d USD, and judge\.budget\.usd is 0\.1:/),
    });
    expect(server.requests).toHaveLength(1);
    const outcome = await judge(CAPTIONS, { price, budget: { usd: 10 } });
    await expectUnharmed(outcome);
    expect(outcome.usage!.cost).toBeGreaterThan(0.3);
  });

  test('an endpoint that is away for longer than judge.patienceSeconds', async () => {
    server.failNext(...Array.from({ length: 9 }, () => faults.status(503)));
    const { blocked } = await judge(CAPTIONS, { patienceSeconds: 0.001 });
    expect(blocked).toMatchObject({
      code: 'JudgeBlocked',
      message: expect.stringMatching(/judge\.patienceSeconds is 0\.001\. .*an internal error .* check the endpoint/),
    });
    server.forgive();
    await expectUnharmed(await judge());
  });
});

describe('an answer that is none is asked for once more', () => {
  test.each([
    ['finish_reason length', faults.cutOff(30)],
    ['empty', faults.empty],
    ['a wrong count of verdicts', faults.wrongCount],
    ['duplicate indices', faults.duplicateIndices],
    ['a missing index', faults.missingIndex],
    ['NaN', faults.notANumber],
    ['2 MB', faults.twoMegabytes],
    ['a wrong schema', faults.wrongSchema],
  ])('%s: a good one then counts', async (_, fault) => {
    server.failNext(fault);
    const { scores, usage } = await judge();
    expect(scores).toEqual(SCORES);
    expect(usage).toMatchObject({ calls: 3, inputTokens: 40, outputTokens: 20, repeated: 0 });
    expect(server.account()).toMatchObject({ questions: 3, answered: 4 });
    expect(await ledgerSize()).toBe(3);
  });

  test.each([
    ['finish_reason length', faults.cutOff(30), 'too long'],
    ['empty', faults.empty, 'one JSON object'],
    ['a wrong count of verdicts', faults.wrongCount, 'one verdict for each index'],
    ['duplicate indices', faults.duplicateIndices, 'one verdict for each index'],
    ['a missing index', faults.missingIndex, 'one verdict for each index'],
    ['NaN', faults.notANumber, 'exactly the fields'],
    ['2 MB', faults.twoMegabytes, 'much shorter'],
    ['a wrong schema', faults.wrongSchema, 'exactly the fields'],
  ])('%s twice: unscorable, never 0, and kept', async (_, fault, reason) => {
    server.failNext(fault, fault);
    const { scores } = await judge();
    expectOneUnscorable(scores, naming('cannot be used', reason));
    expect(await ledgerSize()).toBe(3);
  });
});

describe('an answer that is only written oddly counts at once', () => {
  test.each([
    ['prose around JSON', faults.proseAround],
    ['single quotes', faults.singleQuotes],
  ])('%s', async (_, fault) => {
    server.failNext(fault);
    await expectUnharmed(await judge());
  });
});

describe('a refusal is an outcome of that completion alone, paid for once', () => {
  test.each([
    ['refusal', faults.refusal, 'the judge refused to answer', 3],
    // Before any answer, an error may be what this endpoint says to everything: the run keeps it, not the ledger.
    ['400 content_filter', faults.contentFilter, 'the endpoint filtered the content', 2],
    [
      'finish_reason content_filter',
      faults.message({ content: '' }, 'content_filter'),
      'the endpoint filtered the content',
      3,
    ],
  ])('%s', async (_, fault, reason, kept) => {
    server.failNext(fault);
    const { scores } = await judge();
    expectOneUnscorable(scores, reason);
    expect(server.requests).toHaveLength(3);
    expect(await ledgerSize()).toBe(kept);
  });
});

test('cancelled in mid-batch: the answer on its way is kept, and nothing more is sent', async () => {
  const controller = new AbortController();
  const input = await inputFor(CAPTIONS);
  server.failNext((response, request, answer) => {
    controller.abort();
    faults.message({ content: answer })(response, request, answer);
  });
  const cancelled = createJudgeActivities({ store, env: { KEY }, signal: () => controller.signal });
  await expect(cancelled.judgeCompletions(input)).rejects.toMatchObject({ name: 'AbortError' });
  expect(server.requests).toHaveLength(1);
  expect(await ledgerSize()).toBe(1);
  const outcome = await judge();
  await expectUnharmed(outcome);
  expect(outcome.usage).toMatchObject({ calls: 3, cacheHits: 0, repeated: 0 });
});

describe('under random faults', () => {
  const many = Array.from({ length: 60 }, (_, i) => `Scene ${i}. ${EVENTS.filter((_, e) => (i >> e) & 1).join('. ')}.`);

  test.each([0.05, 0.3])(
    'at a rate of %d, scores are those of a quiet day, and nothing is paid twice or lost',
    async (rate) => {
      server.failRandomly({ rate, seed: 1 });
      const { scores } = await judge(many, { concurrency: 16, timeoutSeconds: 30 });
      expect(scores).toEqual(many.map((_, i) => ({ value: ((i & 1) + ((i >> 1) & 1) + ((i >> 2) & 1)) / 3 })));
      const account = server.account();
      expect(account).toMatchObject({ questions: 60, answered: 60, duplicates: 0, unanswered: 0 });
      expect(account.asked).toBeGreaterThan(60);
      expect(await ledgerSize()).toBe(60);
    },
  );
});
