import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAnnotationActivities } from '../../../activities/dataset/annotation/annotation.ts';
import { readJsonl } from '../../../activities/dataset/jsonl.ts';
import { createAsker } from '../../../activities/judge/create-judge.ts';
import { eventEntailment } from '../../../activities/judge/questions/event-entailment.ts';
import { eventExtraction } from '../../../activities/judge/questions/event-extraction.ts';
import { findInstallation } from '../../../cli/installation.ts';
import { type LocalJudge, startLocalJudge } from '../../../cli/local-judge/local-judge.ts';
import { createConfigActivities } from '../../../configs/resolve-config.ts';
import { JudgeConfig } from '../../../configs/schema.ts';
import { AnnotationStatistics, type WrittenAnnotations } from '../../../core/annotation.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';

// A real language model behind a real server. It is far too small to judge well, so nothing here is about how it judges:
// whatever it says, an answer has the question's shape, and no answer is none.

let judge: LocalJudge;
let root: string;
let store: ArtifactStore;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-local-llm-'));
  store = new ArtifactStore(join(root, 'store'));
  judge = await startLocalJudge(findInstallation());
});
afterAll(async () => {
  await judge?.stop();
  await rm(root, { recursive: true });
});

const CAPTIONS = [
  'A grey rabbit sleeping in a dark burrow wakes up and looks out.',
  'The rabbit holds a red apple and walks out of the picture.',
  'A purple butterfly flies around the head of the rabbit.',
];
const EVENTS = ['the rabbit wakes up', 'the rabbit eats an apple'];
const env = { LOCAL_JUDGE_KEY: 'any text' };
const settings = () => ({
  kind: 'openai' as const,
  baseUrl: judge.baseUrl,
  model: judge.model,
  apiKeyEnv: 'LOCAL_JUDGE_KEY',
  concurrency: 2,
  timeoutSeconds: 400,
  maxTokens: 96,
});
const asker = (place: string) =>
  createAsker(JudgeConfig.parse(settings()) as Extract<JudgeConfig, { kind: 'openai' }>, { store, place, env });

// A machine with two cores may do other tests at the same time.
vi.setConfig({ testTimeout: 420_000 });

describe('a real language model as the judge', () => {
  const questions = CAPTIONS.slice(0, 2).flatMap((caption) => [
    eventEntailment(caption, EVENTS),
    eventExtraction(caption),
  ]);
  const askAll = (place: string) => {
    const asked = asker(place);
    return Promise.all(questions.map((question) => asked.ask<unknown[]>(question as never))).then((outcomes) => ({
      outcomes,
      usage: asked.usage,
    }));
  };

  test('every answer has its question’s shape, is metered, and is never paid for again', async () => {
    const first = await askAll('runs/a/step-000001');
    expect(first.usage).toMatchObject({ calls: questions.length, cacheHits: 0, cost: 0 });
    expect(first.usage.inputTokens).toBeGreaterThan(100 * questions.length);
    expect(first.usage.outputTokens).toBeGreaterThan(questions.length);
    expect(first.usage.latencySeconds.max).toBeGreaterThan(0);
    for (const [i, outcome] of first.outcomes.entries()) {
      if ('unscorable' in outcome) expect(outcome.reason).toMatch(/^the judge's answer cannot be used: /);
      else if (i % 2 === 1)
        expect((outcome as { answer: string[] }).answer.every((event) => event.trim() !== '')).toBe(true);
      else {
        const { answer } = outcome as { answer: string[] };
        expect(answer).toHaveLength(EVENTS.length);
        expect(['entailment', 'neutral', 'contradiction']).toEqual(expect.arrayContaining(answer));
      }
    }
    expect(first.outcomes.some((outcome) => 'answer' in outcome)).toBe(true);

    const again = await askAll('runs/b/step-000001');
    expect(again.outcomes).toEqual(first.outcomes);
    expect(again.usage).toMatchObject({ calls: 0, cacheHits: questions.length, inputTokens: 0, outputTokens: 0 });
  });
});

describe('datasetAnnotation', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    environment = await startTemporal();
  });
  afterAll(() => environment?.teardown());

  async function annotate(workflowId: string, dataset: string, output: string): Promise<WrittenAnnotations> {
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      taskQueue: 'annotate',
      workflowBundle: await workflowBundle(),
      activities: { ...createConfigActivities(), ...createAnnotationActivities({ store, env }) },
      interceptors: { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] },
    });
    const overrides = Object.fromEntries(Object.entries(settings()).map(([key, value]) => [`judge.${key}`, value]));
    const args = [{ dataset, output, overrides }];
    return worker.runUntil(
      environment.client.workflow.execute('datasetAnnotation', { taskQueue: 'annotate', workflowId, args }),
    );
  }

  test('annotates captions by a real model, keeps what was there, and pays once', async () => {
    const complete = { video: 'd.mp4', caption: 'A dog barks.', thought: [], events: ['a dog barks'] };
    const samples = [...CAPTIONS.map((caption, i) => ({ id: `c${i}`, video: `clips/${i}.mp4`, caption })), complete];
    const dataset = join(root, 'captions.jsonl');
    const text = samples.map((sample) => `${JSON.stringify(sample)}\n`).join('');
    await writeFile(dataset, text);

    const written = await annotate('first', dataset, join(root, 'out', 'train.jsonl'));
    const { total, complete: before, annotated, unscorable, notAsked } = written.samples;
    expect({ total, before, asked: annotated + unscorable, notAsked }).toEqual({
      total: 4,
      before: 1,
      asked: 3,
      notAsked: 0,
    });
    expect(written.usage.calls).toBe(3);
    expect(written.usage.outputTokens).toBeGreaterThan(0);

    const read = [];
    for await (const line of readJsonl(written.output)) read.push('sample' in line ? line.sample : line);
    expect(read.map((sample) => 'caption' in sample && sample.caption)).toEqual(samples.map(({ caption }) => caption));
    expect(read.map((sample) => 'video' in sample && sample.video)).toEqual([
      '../clips/0.mp4',
      '../clips/1.mp4',
      '../clips/2.mp4',
      '../d.mp4',
    ]);
    expect(read[3]).toEqual({ ...complete, video: '../d.mp4' });
    expect(read.filter((sample) => 'thought' in sample && 'events' in sample)).toHaveLength(annotated + 1);
    expect(await readFile(dataset, 'utf8')).toBe(text);

    const statistics = AnnotationStatistics.parse(JSON.parse(await readFile(written.statistics, 'utf8')));
    expect(statistics.unscorable).toHaveLength(unscorable);
    expect(statistics.judge).toMatchObject({ model: judge.model, prompt: 'annotation.v1' });
    const page = await readFile(written.review, 'utf8');
    for (const caption of CAPTIONS) expect(page).toContain(caption);

    const again = await annotate('again', dataset, join(root, 'out', 'again.jsonl'));
    expect(again.usage).toMatchObject({ calls: 0, cacheHits: 3 });
    expect(again.samples).toEqual(written.samples);
    expect(await readFile(again.output, 'utf8')).toBe(await readFile(written.output, 'utf8'));
  });

  test('refuses to write over the captions, before anything is asked', async () => {
    const dataset = join(root, 'own.jsonl');
    await writeFile(dataset, `${JSON.stringify({ video: 'a.mp4', caption: 'A cat sleeps.' })}\n`);
    const failure = await annotate('over', dataset, dataset).catch((error) => error.cause.cause);
    expect(failure.message).toBe(`The output ${dataset} is the input; name another file (--out).`);
    expect(await readFile(dataset, 'utf8')).toContain('A cat sleeps.');
  });
});
