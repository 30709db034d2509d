import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJudgeActivities } from '../../../activities/judge-completions.ts';
import { createJudgeVersionActivities } from '../../../activities/judge-version.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { parseCompletion } from '../../../core/completion.ts';
import { LONGEST_FACT } from '../../../core/identity.ts';
import type { DatasetManifest } from '../../../core/sample.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { filedEntries, readEntries } from '../../../judge/ledger/read-ledger.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import { json } from '../../servers/openai-faults.ts';
import { type OpenAiServer, readsWords, startOpenAiServer } from '../../servers/openai-server.ts';

const MAY = { model: 'big-2026-05', fingerprint: 'fp_1' };
const AUGUST = { model: 'big-2026-08', fingerprint: 'fp_2' };

let root: string;
let store: ArtifactStore;
let server: OpenAiServer;
/** Which version answers; one of several in turn. */
let serving: { model: string; fingerprint: string }[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-versions-'));
  store = new ArtifactStore(root);
  serving = [MAY];
  let turn = 0;
  server = await startOpenAiServer((question, request) => {
    const { model, fingerprint } = serving[turn++ % serving.length]!;
    const content = JSON.stringify(readsWords(question, request));
    return json({
      ...{ model, system_fingerprint: fingerprint, usage: { prompt_tokens: 10, completion_tokens: 5 } },
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
    });
  });
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

const judge = () => JudgeConfig.parse({ kind: 'llm', model: 'big', baseUrl: server.baseUrl, apiKeyEnv: 'JUDGE_KEY' });
const env = { JUDGE_KEY: 'sk' };

/** A step of a run, whose completions are these captions. */
async function step(runKey: string, number: number, ...captions: string[]) {
  const sample = { id: 'a', video: { path: '/a.mp4', sha256: '0'.repeat(64), bytes: 1 }, caption: 'A dog runs.' };
  const manifest: DatasetManifest = {
    ...{ name: 't', digest: 'd', heldOut: [], quarantined: [] },
    train: [{ ...sample, events: ['a dog runs'] }],
  };
  const completions = captions.map((caption) => {
    const text = `<answer>${caption}</answer>`;
    return { text, tokenIds: [], logProbs: [], truncated: false, parsed: parseCompletion(text) };
  });
  const input = {
    ...{ runKey, step: number, round: 0, part: 0, judge: judge(), reward: RewardConfig.parse({ caption: {} }) },
    rollout: await store.putJson(`rollout-${runKey}-${number}.json`, {
      step: number,
      groups: [{ sampleId: 'a', completions }],
    }),
    manifest: await store.putJson('manifest.json', manifest),
  };
  const before = server.requests.length;
  const { answeredBy, usage } = await createJudgeActivities({ store, env }).judgeCompletions(input);
  return { answeredBy, calls: usage.calls, asked: server.requests.length - before };
}
const versionFor = async (runKey: string) =>
  (await createJudgeVersionActivities({ store, env }).findJudgeVersion({ runKey, judge: judge() })).version;

describe('who has answered', () => {
  test('is kept with each answer, and told by the stage', async () => {
    expect(await step('one', 1, 'A dog runs.')).toEqual({ answeredBy: [MAY], calls: 1, asked: 1 });
    for await (const entry of readEntries(store, await filedEntries(store)))
      expect(entry).toMatchObject({ attempts: [{ by: MAY }] });
  });

  test('of an endpoint that says neither, is not made up', async () => {
    await server.close();
    server = await startOpenAiServer((question, request) =>
      json({ choices: [{ message: { content: JSON.stringify(readsWords(question, request)) } }] }),
    );
    expect((await step('one', 1, 'A dog runs.')).answeredBy).toBeUndefined();
  });

  test('is no place for a secret, or for what a terminal would obey', async () => {
    serving = [{ model: 'echo sk-secret-key-1 \u001b[31m', fingerprint: 'x'.repeat(10_000) }];
    env.JUDGE_KEY = 'sk-secret-key-1';
    const { answeredBy } = await step('one', 1, 'A dog runs.');
    env.JUDGE_KEY = 'sk';
    expect(answeredBy).toEqual([{ model: 'echo *** [31m', fingerprint: 'x'.repeat(LONGEST_FACT) }]);
  });
});

describe('a judge that becomes another one', () => {
  test('in the middle of a run: the step says both, and nothing is paid for twice', async () => {
    await step('one', 1, 'A dog runs.');
    serving = [AUGUST];
    expect(await step('one', 2, 'A dog runs.', 'A dog runs fast.')).toMatchObject({
      ...{ answeredBy: [MAY, AUGUST], calls: 1, asked: 1 },
    });
    expect(await step('one', 3, 'A dog runs fast.')).toMatchObject({ answeredBy: [AUGUST], asked: 0 });
  });

  test('between two runs: the second begins with the version seen last, and takes no answer of the other', async () => {
    await step('one', 1, 'A dog runs.');
    serving = [AUGUST];
    await step('one', 2, 'A dog runs fast.');
    expect(await versionFor('two')).toBe('model big-2026-08, fingerprint fp_2');
    expect(await step('two', 1, 'A dog runs.')).toMatchObject({ answeredBy: [AUGUST], asked: 1 });
    expect(await step('three', 1, 'A dog runs.')).toMatchObject({ answeredBy: [AUGUST], asked: 0 });
    expect(await versionFor('one')).toBeUndefined();
    expect(await step('one', 3, 'A dog runs.')).toMatchObject({ answeredBy: [MAY], asked: 0 });
  });

  test('a run keeps its version when a worker is started anew', async () => {
    await step('one', 1, 'A dog runs.');
    serving = [AUGUST];
    await step('other', 1, 'A cat sleeps.');
    store = new ArtifactStore(root);
    expect(await step('one', 2, 'A dog runs.')).toMatchObject({ answeredBy: [MAY], asked: 0 });
  });

  test('back and forth, as servers behind one address take turns: all runs share the answers', async () => {
    serving = [MAY, AUGUST];
    for (const number of [1, 2, 3, 4]) await step('one', number, `Caption ${number}.`);
    for (const number of [1, 2, 3, 4])
      expect(await step('two', number, `Caption ${number}.`)).toMatchObject({ asked: 0 });
    expect(await versionFor('two')).toBeUndefined();
  });
});
