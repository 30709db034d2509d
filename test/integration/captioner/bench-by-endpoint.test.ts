import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createBenchmarkActivities } from '../../../activities/benchmark.ts';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import { createEndpointActivities } from '../../../activities/endpoint-captions.ts';
import { createFramesActivities } from '../../../activities/frames.ts';
import { createJudgeVersionActivities } from '../../../activities/judge-version.ts';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import { createSuiteActivities } from '../../../activities/suites.ts';
import type { Evaluation, SuiteEvaluation } from '../../../contracts/run-results.ts';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { drawFrames } from '../../../datasets/shapes/draw.ts';
import { encodeVideo } from '../../../datasets/shapes/encode.ts';
import { sceneAt } from '../../../datasets/shapes/scene.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { outage } from '../../../workers/current-attempt.ts';
import { naming } from '../../refusal.ts';
import { contentFilter, message, unauthorized } from '../../servers/openai-faults.ts';
import { type Answer, type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { seesShapes } from '../../servers/sees-shapes.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { everyQueue } from '../workflows/every-queue.ts';
import { sceneClip } from './scene-clips.ts';

/** Questions of VDC are about colours; of the others, what stands in a text is entailed by it. */
const reads: Answer = ({ description, events, objects, question, correctAnswer, predictedAnswer }) => {
  if (predictedAnswer !== undefined)
    return predictedAnswer === correctAnswer ? { pred: 'yes', score: 5 } : { pred: 'no', score: 0 };
  if (question !== undefined) return { answer: /red|green|blue|yellow|white|purple/.exec(description)?.[0] ?? 'none' };
  const units = events ?? objects;
  const sentences = description.split('.').flatMap((sentence) => sentence.trim() || []);
  if (!units) return { events: sentences, objects: sentences };
  return {
    verdicts: units.map((unit) => ({
      index: unit.index,
      relationship: description.includes('event' in unit ? unit.event : unit.object) ? 'entailment' : 'neutral',
    })),
  };
};

const SCENES = 3;
const QUEUE = 'api';
let root: string;
let store: ArtifactStore;
let environment: TestWorkflowEnvironment;
let judge: OpenAiServer;
let captioner: OpenAiServer;
let workers: Worker[] = [];
let working: Promise<unknown> | undefined;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-api-'));
  store = new ArtifactStore(join(root, 'store'));
  await mkdir(join(root, 'videos'));
  for (let i = 1; i <= SCENES; i++)
    await encodeVideo(drawFrames(sceneAt(1, 'held-out', i)), join(root, 'videos', `${i}.mp4`));
  [environment, judge] = await Promise.all([startTemporal(), startOpenAiServer(reads)]);
  const deps = { store, home: root, env: { KEY: 'sk', CAPTIONER_KEY: 'sk-2' }, parallel: 1, outage };
  workers = await everyQueue(
    { taskQueue: QUEUE, workflowBundle: await workflowBundle(), debugMode: true },
    {
      connection: environment.nativeConnection,
      interceptors: { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] },
      activities: {
        ...createConfigActivities(deps),
        ...createDatasetActivities(deps),
        ...createFramesActivities(deps),
        ...createEndpointActivities(deps),
        ...createBenchmarkActivities(deps),
        ...createSuiteActivities(deps),
        ...createJudgeVersionActivities(deps),
      },
    },
    ['media', 'judge', 'policy-openai'],
  );
  working = Promise.all(workers.map((worker) => worker.run()));
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await working;
  await Promise.all([environment?.teardown(), judge?.close(), captioner?.close()]);
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  await captioner?.close();
  captioner = await startOpenAiServer(seesShapes);
});

let runs = 0;
/** Runs a workflow as `videocap bench --config bench-api` does. */
async function run<T>(
  workflow: 'benchmarkRun' | 'trainingRun',
  input: object,
  watch: (handle: WorkflowHandle) => Promise<unknown> = async () => {},
): Promise<T> {
  const overrides = {
    'policy.engine.baseUrl': captioner.baseUrl,
    'policy.engine.apiKeyEnv': 'CAPTIONER_KEY',
    'policy.engine.concurrency': 2,
    ...{ 'judge.baseUrl': judge.baseUrl, 'judge.model': 'by-the-letter', 'judge.apiKeyEnv': 'KEY' },
  };
  const args = [{ config: 'bench-api', overrides, ...input }];
  const workflowId = `api-${++runs}`;
  const handle = await environment.client.workflow.start(workflow, { taskQueue: QUEUE, workflowId, args });
  await watch(handle);
  return (await handle.result()) as T;
}

const text = async (ref: SuiteEvaluation['report']) => readFile(await store.localCopy(ref), 'utf8');
const file = async (name: string, content: string) => {
  await writeFile(join(root, name), content);
  return join(root, name);
};
const captionOf = (scene: number) => `${sceneClip(scene).events.join('. ')}.`;

test('held-out scenes: a model with eyes is scored by what it sees, and named beside its numbers', async () => {
  const smallWorld = {
    ...{ dataset: { kind: 'shapes', trainSamples: 2, heldOutSamples: 8 }, judge: { kind: 'rule-based' } },
    ...{ 'reward.think.similarity': 'token-f1', frames: { count: 8, minPixels: 12544, maxPixels: 12544 } },
    'policy.engine': { kind: 'openai', baseUrl: captioner.baseUrl, apiKeyEnv: 'CAPTIONER_KEY' },
  };
  captioner.failNext(contentFilter);
  const bench = () => run<Evaluation>('benchmarkRun', { checkpoint: 'eyes-7b', overrides: smallWorld });
  const evaluation = await bench();
  console.info(`event F1 ${evaluation.metrics.eventF1?.toFixed(1)} of ${evaluation.metrics.clips} clips`);
  expect(evaluation.metrics).toMatchObject({ clips: 7, notCaptioned: 1, format: 100 });
  expect(evaluation.metrics.eventF1).toBeGreaterThan(50);
  expect(evaluation.made).toMatchObject({ captionedBy: [{ endpoint: captioner.baseUrl, model: 'eyes-7b' }] });
  expect(captioner.account()).toMatchObject({ questions: 8, asked: 8 });
  // A refusal before any answer says nothing about the clip, so another run asks again; it asks for nothing else.
  expect((await bench()).metrics).toMatchObject({ clips: 8 });
  expect(captioner.account()).toMatchObject({ questions: 8, asked: 9, duplicates: 0 });
});

test('DREAM-1K: the protocol is followed, a refused clip is named, and no mean has it', async () => {
  const rows = Array.from({ length: SCENES }, (_, i) => ({
    messages: [
      { role: 'user', content: [{ type: 'video', video: { video_file: '<placeholder>' } }] },
      { role: 'assistant', content: [{ type: 'text', reference: captionOf(i + 1), text: '' }] },
    ],
    ...{ dataset: 'DREAM/shapes', task: 'video/caption', idx: i + 1, vid: i + 1 },
    extra_info: { events: sceneClip(i + 1).events, n_events: 1, n_shots: 1, n_subjects: 1 },
  }));
  const annotations = await file('DREAM-1k.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
  captioner.failNext(contentFilter, message({ content: 'A small white circle gro' }, 'length'));
  const source = { suite: 'dream1k', checkpoint: 'eyes-7b', annotations, videos: join(root, 'videos') };
  const evaluation = await run<SuiteEvaluation>('benchmarkRun', source);
  expect(evaluation.counts).toMatchObject({ items: 3, scored: 2, unscorable: 0, missing: 0, notCaptioned: 1, cut: 1 });
  expect(captioner.requests[0]).toMatchObject({ temperature: 0, max_tokens: 512 });
  expect(captioner.requests[0]!.media).toHaveLength(16);
  expect(captioner.requests[0]!.messages).toEqual([{ role: 'user', content: 'Describe the video in detail.' }]);
  const report = await text(evaluation.report);
  expect(report).toContain(`# DREAM-1K (AutoDQ): eyes-7b, served at ${captioner.baseUrl}, greedy`);
  expect(report).toContain(`captioned by endpoint ${captioner.baseUrl}, model eyes-7b`);
  expect(report).toContain('missing 0, not captioned 1; 1 captions were cut off at the token limit');
  expect(report).toMatch(/## Not captioned: the endpoint wrote nothing\n\n- [1-3]: the endpoint filtered the content/);
  expect(report).toContain('| VideoCap-R1 (Qwen2-VL-7B, GRPO) | 34.2 |');
  expect(report).toContain('With a score of no caption for each unscorable or not captioned item (1): F1 ');
  const items = await text(evaluation.drillDown);
  expect(items).toContain('Not captioned: the endpoint filtered the content');
  expect(items).toContain('Caption (cut off at the token limit): A small white circle gro');
});

test('VDC: a caption for each aspect, asked with its own prompt', async () => {
  const folder = join(root, 'vdc');
  await mkdir(folder);
  const colour = (scene: number) => /red|green|blue|yellow|white|purple/.exec(sceneClip(scene).events[0]!)![0];
  const lines = (aspect: string) =>
    Array.from({ length: SCENES }, (_, i) => {
      const questions = [{ question: `Which colour (${aspect})?`, answer: colour(i + 1), category: '' }];
      return JSON.stringify({ [`${i + 1}`]: questions });
    }).join('\n');
  for (const aspect of ['camera', 'short']) await writeFile(join(folder, `${aspect}.jsonl`), lines(aspect));
  const captioning = { frames: { count: 8, minPixels: 12544, maxPixels: 12544 } };
  const source = { suite: 'vdc', checkpoint: 'eyes-7b', annotations: folder, videos: join(root, 'videos'), captioning };
  const { counts, metrics } = await run<SuiteEvaluation>('benchmarkRun', source);
  expect(counts).toMatchObject({ items: 6, scored: 6, missing: 0 });
  expect(metrics).toMatchObject({ cameraAccuracy: 100, shortAccuracy: 100 });
  expect(captioner.requests).toHaveLength(6);
  expect(new Set(captioner.requests.map(({ messages }) => messages[0]!.content)).size).toBeGreaterThan(1);
});

test('CaReBench: with the repetition penalty of its authors, or as the user says', async () => {
  const rows = Array.from({ length: SCENES }, (_, i) => {
    const { events } = sceneClip(i + 1);
    return { video: `${i + 1}.mp4`, caption: captionOf(i + 1), events, objects: events };
  });
  const annotations = await file('carebench.json', JSON.stringify(rows));
  const source = { suite: 'carebench', checkpoint: 'eyes-7b', annotations, videos: join(root, 'videos') };
  const { metrics, counts } = await run<SuiteEvaluation>('benchmarkRun', { ...source, limit: 1 });
  console.info(`CaReBench action F1 ${metrics.actionF1?.toFixed(1)}, object F1 ${metrics.objectF1?.toFixed(1)}`);
  expect(counts).toMatchObject({ items: 1, outOf: 3, scored: 1 });
  expect(metrics.actionF1).toBe(100);
  expect(JSON.parse(captioner.requests[0]!.body)).toMatchObject({ repetition_penalty: 1.2, max_tokens: 512 });
  expect(captioner.requests[0]!.media).toHaveLength(32);
  const captioning = { decoding: { repetitionPenalty: 1 }, frames: { count: 8, minPixels: 12544, maxPixels: 12544 } };
  const all = await run<SuiteEvaluation>('benchmarkRun', { ...source, captioning });
  expect(all.metrics.actionF1).toBeGreaterThan(50);
  const last = captioner.requests.at(-1)!;
  expect(JSON.parse(last.body)).not.toHaveProperty('repetition_penalty');
  expect(last.media).toHaveLength(8);
});

test('a key that is refused pauses the benchmark by the name of the captioner, until it is resumed', async () => {
  const annotations = await file('one.json', JSON.stringify([{ video: '1.mp4', caption: captionOf(1) }]));
  captioner.failNext(unauthorized);
  const source = { suite: 'carebench', checkpoint: 'other-eyes', annotations, videos: join(root, 'videos') };
  const seen: RunStatus[] = [];
  const evaluation = await run<SuiteEvaluation>('benchmarkRun', source, async (handle) => {
    await expect
      .poll(() => handle.query<RunStatus>('status'), { timeout: 60_000, interval: 100 })
      .toMatchObject({
        stage: 'paused: captioner',
      });
    seen.push(await handle.query<RunStatus>('status'));
    await handle.signal('resume');
  });
  expect(seen[0]).toMatchObject({
    blocked: naming(`The captioner at ${captioner.baseUrl}`, 'CAPTIONER_KEY (policy.engine.apiKeyEnv)'),
    waiting: { of: 'captioner' },
  });
  expect(evaluation.counts).toMatchObject({ scored: 1 });
});

test('training is refused before anything is computed', async () => {
  const failure = await run('trainingRun', {}).catch((error: WorkflowFailedError) => error.cause?.message);
  expect(failure).toEqual(naming('policy.engine.kind is openai', 'videocap bench', 'onnx or torch'));
});
