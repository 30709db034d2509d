import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createJudgeActivities } from '../../../activities/judge-completions.ts';
import { Verdicts } from '../../../contracts/scoring.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { parseCompletion } from '../../../core/completion.ts';
import type { DatasetManifest, Sample } from '../../../core/sample.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { CaptionDetails } from '../../../rewards/caption.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import { message, status } from '../../servers/openai-faults.ts';
import { type OpenAiServer, readsWords, startOpenAiServer } from '../../servers/openai-server.ts';
import { failingStore } from '../../storage/failing-store.ts';
import { withScores } from '../../stored-scores.ts';

let root: string;
let store: ArtifactStore;
let server: OpenAiServer;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-judge-'));
  store = new ArtifactStore(root);
  server = await startOpenAiServer();
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

const CAPTION = 'A small red circle moves left. A large blue square grows.';
const EVENTS = ['a small red circle moves left', 'a large blue square grows'];

const sample = (id: string, more: Partial<Sample> = {}): Sample => ({
  id,
  video: { path: `/${id}.mp4`, sha256: '0'.repeat(64), bytes: 1 },
  caption: CAPTION,
  events: EVENTS,
  ...more,
});

async function inputFor(
  samples: Sample[],
  captions: string[][],
  { judge = { kind: 'rule-based' }, caption = {}, step = 1 }: { judge?: object; caption?: object; step?: number } = {},
) {
  const manifest: DatasetManifest = { name: 't', digest: 'd', train: samples, heldOut: [], quarantined: [] };
  const groups = captions.map((group, i) => ({
    sampleId: samples[i]!.id,
    completions: group.map((caption) => {
      const text = caption === '' ? 'no caption here' : `<answer>${caption}</answer>`;
      return { text, tokenIds: [], logProbs: [], truncated: false, parsed: parseCompletion(text) };
    }),
  }));
  return {
    ...{ runKey: 'r', step, round: 0, part: 0 },
    rollout: await store.putJson(`rollout-${step}.json`, { step, groups }),
    manifest: await store.putJson('manifest.json', manifest),
    judge: JudgeConfig.parse(judge),
    reward: RewardConfig.parse({ caption }),
  };
}
const openai = () => ({ kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY' });
const activities = () => createJudgeActivities({ store, env: { KEY: 'sk' } });
const judged = (input: Parameters<ReturnType<typeof activities>['judgeCompletions']>[0]) =>
  withScores(store, activities().judgeCompletions(input));

describe('with the rule-based judge', () => {
  const captions = [[CAPTION, 'A small red circle moves left. A large blue square shrinks.', 'A dog barks.', '']];

  test.each([
    ['stepped', [1, 1, 0, 0]],
    ['linear', [1, 0.5, 0, 0]],
    ['f1', [1, 0.5, 0, 0]],
  ])('%s rewards', async (variant, rewards) => {
    const output = await judged(await inputFor([sample('a')], captions, { caption: { variant } }));
    expect(output.scores.caption).toEqual([rewards.map((value) => ({ value }))]);
  });

  test('keeps what led to every score', async () => {
    const input = await inputFor([sample('a')], captions, { caption: { variant: 'f1' } });
    const { verdicts } = await judged(input);
    const { judge, components } = await store.readJson(verdicts, Verdicts);
    const groups = z.array(CaptionDetails).parse(components.caption);
    expect(judge).toEqual({ name: 'rule-based (no LLM)', isLlm: false });
    expect(groups[0]).toMatchObject({ sampleId: 'a', events: EVENTS });
    expect(groups[0]!.completions[1]).toEqual({
      caption: captions[0]![1],
      score: { value: 0.5 },
      reading: {
        verdicts: ['entailment', 'contradiction'],
        claims: ['a small red circle moves left', 'a large blue square shrinks'],
        claimVerdicts: ['entailment', 'contradiction'],
      },
    });
    expect(groups[0]!.completions[3]).toEqual({ score: { value: 0 } });
  });

  test('a sample without events gets those that its caption tells', async () => {
    const { events: _, ...plain } = sample('a');
    const output = await judged(await inputFor([plain], captions));
    expect(output.scores.caption![0]![0]).toEqual({ value: 1 });
  });

  test('references of another world end the run with what to set', async () => {
    const input = await inputFor([sample('clip-7', { events: ['a dog barks'] })], captions);
    await expect(activities().judgeCompletions(input)).rejects.toMatchObject({
      code: 'InvalidConfig',
      message: expect.stringMatching(/sample clip-7 has "a dog barks".*judge\.kind to llm/),
    });
  });
});

describe('with an endpoint', () => {
  test('asks once for identical captions, and never about a missing one', async () => {
    const input = await inputFor([sample('a')], [[CAPTION, CAPTION, '', 'A dog.']], { judge: openai() });
    const output = await judged(input);
    expect(output).toMatchObject({
      scores: { caption: [[{ value: 1 }, { value: 1 }, { value: 0 }, { value: 0 }]] },
      usage: { calls: 2, cacheHits: 1, inputTokens: 20, outputTokens: 10, repeated: 0 },
    });
    expect(server.requests).toHaveLength(2);
  });

  test('never asks again what the ledger knows: not in another step, not after a restart', async () => {
    const first = await inputFor([sample('a')], [[CAPTION, 'A dog.']], { judge: openai() });
    await judged(first);
    const second = await inputFor([sample('a')], [[CAPTION, 'A cat.']], { judge: openai(), step: 2 });
    expect(await judged(second)).toMatchObject({ usage: { calls: 1, cacheHits: 1 } });
    expect(server.requests.map(({ question }) => question.description).sort()).toEqual(['A cat.', 'A dog.', CAPTION]);
  });

  test('asks anew when anything that determines the answer changes', async () => {
    await judged(await inputFor([sample('a')], [[CAPTION]], { judge: openai() }));
    for (const [step, change] of [{ model: 'other' }, { maxTokens: 99 }].entries())
      await judged(await inputFor([sample('a')], [[CAPTION]], { judge: { ...openai(), ...change }, step: step + 2 }));
    expect(server.requests).toHaveLength(3);
  });

  test('an outage in mid-batch keeps the answers that arrived, and a retry pays only for the rest', async () => {
    const captions = ['A dog.', 'A cat.', 'A cow.', 'A pig.'];
    const input = await inputFor([sample('a')], [captions], { judge: { ...openai(), concurrency: 1 } });
    const down = status(503, {}, { 'retry-after': '60' });
    server.failNext(down);
    await expect(activities().judgeCompletions(input)).rejects.toMatchObject({
      code: 'Unavailable',
      retryAfterMilliseconds: 60_000,
    });
    expect(server.requests).toHaveLength(1);

    const all = { verdicts: [1, 2].map((index) => ({ index, relationship: 'neutral' })) };
    const good = message({ content: JSON.stringify(all) });
    server.failNext(good, good, down);
    await expect(activities().judgeCompletions(input)).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await judged(input)).toMatchObject({
      scores: { caption: [[{ value: 0 }, { value: 0 }, { value: 0 }, { value: 0 }]] },
      // Two of them paid by the attempt before, which was this place too.
      usage: { calls: 4, cacheHits: 0, inputTokens: 40, repeated: 0 },
    });
    // Four answers, and two requests that failed.
    expect(server.requests).toHaveLength(6);
  });

  test('a disk that fails just before the end makes no verdict again', async () => {
    const input = await inputFor([sample('a')], [[CAPTION, 'A dog.']], { judge: openai() });
    const failing = failingStore(root, '/judged-scores.json');
    store = failing.store;
    await expect(activities().judgeCompletions(input)).rejects.toThrow('EROFS');
    const output = await judged(input);
    expect(output).toMatchObject({
      scores: { caption: [[{ value: 1 }, { value: 0 }]] },
      usage: { calls: 2, cacheHits: 0 },
    });
    expect(server.account()).toMatchObject({ questions: 2, answered: 2, duplicates: 0 });
    expect(failing.stored.filter((key) => key.startsWith('runs/r/step-'))).toEqual([
      'runs/r/step-000001/round-00/part-00/scores-judge.json',
      'runs/r/step-000001/round-00/part-00/verdicts.json',
      'runs/r/step-000001/round-00/part-00/judged-scores.json',
    ]);
  });

  test('a refusal makes that completion unscorable, not worth 0, and is not asked for again', async () => {
    const prude = await startOpenAiServer((question, request) =>
      question.description === CAPTION ? message({ content: null, refusal: 'No.' }) : readsWords(question, request),
    );
    const judge = { ...openai(), baseUrl: prude.baseUrl };
    const input = await inputFor([sample('a')], [[CAPTION, 'A dog.']], { judge });
    const refused = { unscorable: true, reason: 'the judge refused to answer' };
    const first = await judged(input);
    const again = await judged({ ...input, step: 2 }).finally(() => prude.close());
    expect(first.scores.caption).toEqual([[refused, { value: 0 }]]);
    expect(again).toMatchObject({
      scores: { caption: [[refused, { value: 0 }]] },
      usage: { calls: 0, cacheHits: 2 },
    });
  });

  test('f1 also asks what the caption claims, and whether the reference tells it', async () => {
    const caption = 'A small red circle moves left. A dog barks';
    const input = await inputFor([sample('a')], [[caption]], { judge: openai(), caption: { variant: 'f1' } });
    const { scores, usage } = await judged(input);
    // Recall 1/2, precision 1/2.
    expect(scores.caption).toEqual([[{ value: 0.5 }]]);
    expect(usage.calls).toBe(3);
  });

  test('completeness-naturalness asks for two ratings of each caption, not for events', async () => {
    const { events: _, ...plain } = sample('a');
    const caption = { variant: 'completeness-naturalness' };
    const rated = await startOpenAiServer(({ description }) => ({
      completeness: description === CAPTION ? 5 : 1,
      naturalness: 4,
    }));
    const judge = { ...openai(), baseUrl: rated.baseUrl };
    const input = await inputFor([plain], [[CAPTION, 'A dog.', CAPTION, '']], { judge, caption });
    const output = await judged(input).finally(() => rated.close());
    expect(output).toMatchObject({
      scores: { caption: [[{ value: 0.9 }, { value: 0.5 }, { value: 0.9 }, { value: 0 }]] },
      usage: { calls: 2, cacheHits: 1 },
    });
    expect(rated.requests).toHaveLength(2);
    for (const description of [CAPTION, 'A dog.'])
      expect(rated.requests.map(({ question }) => question)).toContainEqual({ reference: CAPTION, description });
    const { components } = await store.readJson(output.verdicts, Verdicts);
    expect(components.caption![0]).toEqual({
      sampleId: 'a',
      completions: [
        { caption: CAPTION, score: { value: 0.9 }, ratings: { completeness: 5, naturalness: 4 } },
        { caption: 'A dog.', score: { value: 0.5 }, ratings: { completeness: 1, naturalness: 4 } },
        { caption: CAPTION, score: { value: 0.9 }, ratings: { completeness: 5, naturalness: 4 } },
        { score: { value: 0 } },
      ],
    });
  });

  test('a caption that cannot be rated is unscorable, not worth 0', async () => {
    const input = await inputFor([sample('a')], [[CAPTION]], {
      judge: openai(),
      caption: { variant: 'completeness-naturalness' },
    });
    const high = message({ content: '{"completeness": 50, "naturalness": 5}' });
    server.failNext(high, high);
    expect((await judged(input)).scores.caption).toEqual([
      [{ unscorable: true, reason: expect.stringContaining('cannot be used') }],
    ]);
  });

  test('a reference whose events cannot be extracted makes its group unscorable', async () => {
    const { events: _, ...plain } = sample('a');
    const input = await inputFor([plain], [[CAPTION, '']], { judge: openai() });
    server.failNext(message({ content: 'no' }), message({ content: 'no' }));
    expect((await judged(input)).scores.caption).toEqual([
      [{ unscorable: true, reason: expect.stringContaining('cannot be used') }, { value: 0 }],
    ]);
  });
});

test('retried after it finished, the activity returns its own output and asks no question', async () => {
  const input = await inputFor([sample('a')], [[CAPTION]], { judge: openai() });
  const output = await judged(input);
  expect(await judged(input)).toEqual(output);
  expect(server.requests).toHaveLength(1);
});
