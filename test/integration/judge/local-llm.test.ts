import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAnnotationActivities } from '../../../activities/annotation.ts';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import { createSuiteActivities } from '../../../activities/suites.ts';
import { SuiteResult } from '../../../benchmarks/suites/suite-files.ts';
import { findInstallation } from '../../../cli/installation.ts';
import { type LocalJudge, startLocalJudge } from '../../../cli/local-judge/local-judge.ts';
import type { WrittenAnnotations } from '../../../contracts/annotation.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { AnnotationStatistics } from '../../../datasets/annotation/annotation.ts';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { createLlmClient } from '../../../judge/create-judge.ts';
import { JudgeConfig, type LlmJudgeConfig } from '../../../judge/judge-config.ts';
import { eventEntailment } from '../../../judge/questions/event-entailment.ts';
import { asDream1kRow, ClipList } from '../../../scripts/fetch-example-film.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { everyQueue, runUntil } from '../workflows/every-queue.ts';

// A real language model behind a real server judges, annotates and benchmarks captions of a real film. It is far too
// small to do any of it well, so nothing here is about how it judges: whatever it says, an answer has the question's
// shape, and no answer is none.

let judge: LocalJudge;
let root: string;
let store: ArtifactStore;
/** Two clips of Big Buck Bunny, with captions and events. */
let clips: [Clip, Clip];
type Clip = ReturnType<typeof ClipList.parse>['clips'][number];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-local-llm-'));
  store = new ArtifactStore(join(root, 'store'));
  const list = new URL('../../../configs/examples/big-buck-bunny-clips.json', import.meta.url);
  const byId = new Map(ClipList.parse(JSON.parse(await readFile(list, 'utf8'))).clips.map((clip) => [clip.id, clip]));
  clips = [byId.get('bbb-04')!, byId.get('bbb-10')!];
  judge = await startLocalJudge(findInstallation());
});
afterAll(async () => {
  await judge?.stop();
  await rm(root, { recursive: true });
});

const env = { LOCAL_JUDGE_KEY: 'any text' };
const settings = () => ({
  kind: 'llm' as const,
  baseUrl: judge.baseUrl,
  model: judge.model,
  apiKeyEnv: 'LOCAL_JUDGE_KEY',
  concurrency: 2,
  timeoutSeconds: 400,
  maxTokens: 96,
});
const judgeConfig = () => JudgeConfig.parse(settings()) as LlmJudgeConfig;

// A machine with two cores may do other tests at the same time.
vi.setConfig({ testTimeout: 420_000 });

const CLASSES = ['entailment', 'neutral', 'contradiction'];

describe('a real language model', () => {
  test('judges: every answer has its question’s shape, is metered, and is never paid for again', async () => {
    // Each caption against the events of the other clip.
    const [first, second] = clips;
    const questions = [eventEntailment(first.caption, second.events), eventEntailment(second.caption, first.events)];
    const askAll = async (place: string) => {
      const client = createLlmClient(judgeConfig(), { store, place, env });
      const outcomes = await Promise.all(questions.map((question) => client.ask(question)));
      return { outcomes, usage: client.usage };
    };
    const asked = await askAll('runs/a/step-000001');
    expect(asked.usage).toMatchObject({ calls: 2, cacheHits: 0, cost: 0 });
    expect(asked.usage.inputTokens).toBeGreaterThan(2 * 100);
    expect(asked.usage.outputTokens).toBeGreaterThan(2);
    expect(asked.usage.latencySeconds.max).toBeGreaterThan(0);
    for (const [i, outcome] of asked.outcomes.entries()) {
      if ('unscorable' in outcome) expect(outcome.reason).toMatch(/^the judge's answer cannot be used: /);
      else {
        const { answer } = outcome as { answer: string[] };
        expect(answer).toHaveLength(clips[1 - i]!.events.length);
        expect(CLASSES).toEqual(expect.arrayContaining(answer));
      }
    }

    const again = await askAll('runs/b/step-000001');
    expect(again.outcomes).toEqual(asked.outcomes);
    expect(again.usage).toMatchObject({ calls: 0, cacheHits: 2, inputTokens: 0, outputTokens: 0 });
  });

  test('benchmarks captions by the protocol of DREAM-1K, with no policy at all', async () => {
    const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const source = {
      suite: 'dream1k' as const,
      annotations: join(root, 'dream1k.jsonl'),
      predictions: join(root, 'predictions.jsonl'),
      quirks: [],
    };
    await writeFile(source.annotations, lines(clips.map(asDream1kRow)));
    await writeFile(source.predictions, lines(clips.map(({ id, caption }) => ({ id, caption }))));
    const { prepareSuite, scoreSuite } = createSuiteActivities({ store, env });
    // One question at a time: what else the server computes changes the last digits, and such a small model with them.
    const shared = { runKey: 'bench', judge: { ...judgeConfig(), concurrency: 1 } };
    const { items, predictions, missing } = await prepareSuite({ ...shared, source });
    expect(missing).toBe(0);
    const input = { ...shared, step: 0, items, captions: [predictions!], subject: 'the references', quirks: [] };
    const { counts, metrics, usage, result } = await scoreSuite(input);
    expect(counts).toMatchObject({ items: 2, withoutCaption: 0, missing: 0 });
    expect(counts.scored + counts.unscorable).toBe(2);
    expect(Number.isFinite(metrics.f1)).toBe(counts.scored > 0);
    expect(usage.calls).toBeGreaterThanOrEqual(4);
    expect(usage.outputTokens).toBeGreaterThan(4);
    for (const value of Object.values(metrics)) expect(value >= 0 && value <= 100).toBe(true);
    for (const [i, item] of (await store.readJson(result, SuiteResult)).items.entries()) {
      expect(item).toMatchObject({ id: clips[i]!.id, caption: clips[i]!.caption });
      if (item.unscorable !== undefined) expect(item.unscorable).toMatch(/^the judge's answer cannot be used: /);
      else expect(JSON.stringify(item.score)).toMatch(/entailment|neutral|contradiction|\[\]/);
    }
  });
});

describe('datasetAnnotation with it', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    environment = await startTemporal();
  });
  afterAll(() => environment?.teardown());

  async function annotate(workflowId: string, dataset: string, output: string): Promise<WrittenAnnotations> {
    const workers = await everyQueue(
      { taskQueue: 'annotate', workflowBundle: await workflowBundle() },
      {
        connection: environment.nativeConnection,
        activities: {
          ...createConfigActivities({ store, home: 'unused' }),
          ...createAnnotationActivities({ store, env }),
        },
        interceptors: { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] },
      },
    );
    const overrides = Object.fromEntries(Object.entries(settings()).map(([key, value]) => [`judge.${key}`, value]));
    const args = [{ dataset, output, overrides }];
    return runUntil(workers, () =>
      environment.client.workflow.execute('datasetAnnotation', { taskQueue: 'annotate', workflowId, args }),
    );
  }

  test('annotates captions of the film, keeps what was there, and pays once', async () => {
    const complete = { video: 'd.mp4', caption: 'A dog barks.', thought: [], events: ['a dog barks'] };
    const samples = [...clips.map(({ id, caption }) => ({ id, video: `clips/${id}.mp4`, caption })), complete];
    const dataset = join(root, 'captions.jsonl');
    const text = samples.map((sample) => `${JSON.stringify(sample)}\n`).join('');
    await writeFile(dataset, text);

    const written = await annotate('first', dataset, join(root, 'out', 'train.jsonl'));
    const { total, complete: before, annotated, unscorable, notAsked } = written.samples;
    const asked = annotated + unscorable;
    expect({ total, before, asked, notAsked }).toEqual({ total: 3, before: 1, asked: 2, notAsked: 0 });
    expect(written.usage.calls).toBe(2);
    expect(written.usage.outputTokens).toBeGreaterThan(0);

    const read = [];
    for await (const line of readJsonl(written.output)) read.push('sample' in line ? line.sample : line);
    expect(read.map((sample) => 'caption' in sample && sample.caption)).toEqual(samples.map(({ caption }) => caption));
    expect(read.map((sample) => 'video' in sample && sample.video)).toEqual(samples.map(({ video }) => `../${video}`));
    expect(read[2]).toEqual({ ...complete, video: '../d.mp4' });
    expect(read.filter((sample) => 'thought' in sample && 'events' in sample)).toHaveLength(annotated + 1);
    expect(await readFile(dataset, 'utf8')).toBe(text);

    const statistics = AnnotationStatistics.parse(JSON.parse(await readFile(written.statistics, 'utf8')));
    expect(statistics.unscorable).toHaveLength(unscorable);
    expect(statistics.judge).toMatchObject({ model: judge.model, prompt: 'annotation.v1' });
    const page = await readFile(written.review, 'utf8');
    for (const { caption } of clips) expect(page).toContain(caption);

    const again = await annotate('again', dataset, join(root, 'out', 'again.jsonl'));
    expect(again.usage).toMatchObject({ calls: 0, cacheHits: 2 });
    expect(again.samples).toEqual(written.samples);
    expect(await readFile(again.output, 'utf8')).toBe(await readFile(written.output, 'utf8'));
  });

  test('refuses to write over the captions, before anything is asked', async () => {
    const dataset = join(root, 'own.jsonl');
    await writeFile(dataset, `${JSON.stringify({ video: 'a.mp4', caption: 'A cat sleeps.' })}\n`);
    const failure = await annotate('over', dataset, dataset).catch((error) => error.cause);
    expect(failure.message).toBe(`The output ${dataset} is the input; name another file (--out).`);
    expect(await readFile(dataset, 'utf8')).toContain('A cat sleeps.');
  });
});
