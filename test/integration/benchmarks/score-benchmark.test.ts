import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createBenchmarkActivities } from '../../../activities/benchmark.ts';
import { HeldOutDetails } from '../../../benchmarks/held-out.ts';
import { ArtifactStore, sha256 } from '../../../core/artifact-store.ts';
import { CaptionedClip, parseCompletion } from '../../../core/completion.ts';
import { type DatasetManifest, type Sample, structuredCompletion } from '../../../core/sample.ts';
import { Decoding } from '../../../core/token-filters.ts';
import { describe as describeScene, eventsOf } from '../../../datasets/shapes/describe.ts';
import { sceneAt } from '../../../datasets/shapes/scene.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { message } from '../../servers/openai-faults.ts';
import { startOpenAiServer } from '../../servers/openai-server.ts';
import { failingStore } from '../../storage/failing-store.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-benchmark-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

const heldOut = Array.from({ length: 6 }, (_, index): Sample => {
  const video = { path: `/${index}.mp4`, sha256: '0'.repeat(64), bytes: 1 };
  return { id: `held-out-${index}`, video, ...describeScene(eventsOf(sceneAt(1, 'held-out', index))) };
});

async function inputFor(texts: string[], judge: object = { kind: 'rule-based' }) {
  const manifest: DatasetManifest = { name: 't', digest: 'd', train: [], heldOut, quarantined: [] };
  const captions = texts.map((text, i) => ({
    sampleId: heldOut[i]!.id,
    text,
    tokens: 40,
    parsed: parseCompletion(text),
  }));
  return {
    runKey: 'r',
    step: 0,
    suite: 'held-out' as const,
    captions: await store.putJson('captions.json', captions),
    manifest: await store.putJson('manifest.json', manifest),
    judge: JudgeConfig.parse(judge),
    reward: RewardConfig.parse({ think: { similarity: 'token-f1' } }),
  };
}
const benchmark = () => createBenchmarkActivities({ store, home: root, env: { KEY: 'sk' } });
const perfect = heldOut.map(({ thought, caption }) => structuredCompletion(thought!, caption));

test('the references themselves score 100 in everything', async () => {
  const { metrics } = await benchmark().scoreBenchmark(await inputFor(perfect));
  expect(metrics).toMatchObject({ eventF1: 100, actionF1: 100, objectF1: 100, think: 100, format: 100 });
  expect(metrics).toMatchObject({ eventF1Low: 100, eventF1High: 100, clips: 6, unscorable: 0, meanTokens: 40 });
});

test('says what the captions were made with: what the policy was asked, and how it was shown and decoded', async () => {
  const input = await inputFor(perfect);
  expect((await benchmark().scoreBenchmark(input)).made).toBeUndefined();
  const madeWith = { frames: FrameOptions.parse({}), maxNewTokens: 64, decoding: Decoding.parse({}) };
  const captions = await store.readJson(input.captions, z.array(CaptionedClip));
  const asked = captions.map((caption, i) => ({ ...caption, prompt: i === 0 ? 'What happens?' : 'Describe.' }));
  const shown = { ...input, step: 1, captions: await store.putJson('asked.json', asked), madeWith };
  expect((await benchmark().scoreBenchmark(shown)).made).toEqual({
    ...{ by: 'policy', ...madeWith },
    prompt: { count: 2, sha256: sha256('Describe.\nWhat happens?') },
  });
});

test('texts without a caption score 0, and every clip states it', async () => {
  const { metrics, details } = await benchmark().scoreBenchmark(await inputFor(['', ...perfect.slice(1)]));
  expect(metrics.eventRecall).toBeCloseTo((100 * 5) / 6, 9);
  expect(metrics.eventPrecision).toBeCloseTo((100 * 5) / 6, 9);
  expect(metrics.format).toBeCloseTo((100 * 5) / 6, 9);
  const { judge, clips } = await store.readJson(details, HeldOutDetails);
  expect(judge).toEqual({ name: 'rule-based (no LLM)', isLlm: false, prompts: [] });
  expect(clips[0]).toEqual({
    sampleId: 'held-out-0',
    tokens: 40,
    format: 0,
    think: 0,
    rewards: { format: 0, think: 0, caption: 0 },
    events: heldOut[0]!.events,
    event: { recall: 0, precision: 0 },
    action: { recall: 0, precision: 0 },
    object: { recall: 0, precision: 0 },
  });
  expect(clips[1]!.reading!.verdicts.every((verdict) => verdict === 'entailment')).toBe(true);
});

test('tried again, the activity finds its own output', async () => {
  const input = await inputFor(perfect);
  const output = await benchmark().scoreBenchmark(input);
  expect(await benchmark().scoreBenchmark(input)).toEqual(output);
});

test('a disk that fails just before the end makes no verdict again', async () => {
  const input = await inputFor(perfect);
  const failing = failingStore(root, '/scores.json');
  store = failing.store;
  await expect(benchmark().scoreBenchmark(input)).rejects.toThrow('EROFS');
  await benchmark().scoreBenchmark(input);
  expect(failing.stored).toEqual(
    ['details.json', 'scores.json'].map((name) => `runs/r/step-000000/benchmarks/held-out/${name}`),
  );
});

test("a fault of the benchmarks' own judge names its section of the config", async () => {
  const judge = { kind: 'llm', model: 'm', apiKeyEnv: 'OTHER_KEY', baseUrl: 'http://127.0.0.1:1/v1' };
  const asked = benchmark().scoreBenchmark({ ...(await inputFor(perfect, judge)), judgeSection: 'benchmark.judge' });
  await expect(asked).rejects.toThrow('The environment variable OTHER_KEY (benchmark.judge.apiKeyEnv) is not set');
});

test('with an endpoint, a clip that it will not judge is left out and counted', async () => {
  const server = await startOpenAiServer(({ events }) =>
    events
      ? { verdicts: events.map(({ index }) => ({ index, relationship: 'entailment' })) }
      : { events: ['something moves'] },
  );
  server.failNext(message({ content: null, refusal: 'No.' }));
  const judge = { kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY', concurrency: 1 };
  const { metrics, judge: by, details } = await benchmark().scoreBenchmark(await inputFor(perfect, judge));
  await server.close();
  expect(metrics).toMatchObject({ eventF1: 100, clips: 6, unscorable: 1, think: 100 });
  // Every figure can name its judge, with the prompts that the model was really asked with.
  expect(by!.model).toBe('m');
  expect(by!.prompts.map(({ name }) => name)).toEqual(['event-extraction.v1', 'event-entailment.v1']);
  expect((await store.readJson(details, HeldOutDetails)).judge.prompts).toEqual(by!.prompts);
  const texts = new Set(server.requests.map(({ messages }) => sha256(messages[0]!.content)));
  expect([...texts].every((text) => by!.prompts.some(({ sha256 }) => sha256 === text))).toBe(true);
});

test('without a judge, captions are compared with their references and nothing else', async () => {
  const captions = heldOut.map(({ caption }) => caption);
  const input = {
    ...(await inputFor([], { kind: 'none' })),
    metrics: ['rougeL' as const, 'bleu4' as const],
    reward: RewardConfig.parse({ think: { weight: 0, similarity: 'token-f1' }, caption: { weight: 0 }, rougeL: {} }),
  };
  // The first caption is another clip's.
  const captioned = heldOut.map(({ id }, i) => {
    const text = captions[Math.max(1, i)]!;
    return { sampleId: id, text, tokens: 9, parsed: parseCompletion(text, 'plain') };
  });
  input.captions = await store.putJson('plain.json', captioned);
  const { metrics, judge, usage, details } = await benchmark().scoreBenchmark(input);
  expect(metrics.rougeL).toBeGreaterThan(80);
  expect(metrics.rougeL).toBeLessThan(100);
  expect(metrics.bleu4).toBeLessThan(100);
  expect(metrics).toMatchObject({ clips: 6, unscorable: 0, format: 100 });
  expect(metrics).not.toHaveProperty('eventF1');
  expect(judge).toEqual({ model: 'none', prompts: [] });
  expect(usage!.calls).toBe(0);
  const { clips } = await store.readJson(details, HeldOutDetails);
  expect(clips[1]).toMatchObject({ rewards: { format: 1, rougeL: 1 }, references: { rougeL: { score: 1 } } });
  expect(clips[1]).not.toHaveProperty('events');
});
