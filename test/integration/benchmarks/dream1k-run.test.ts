import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFramesActivities } from '../../../activities/frames.ts';
import { createJudgeVersionActivities } from '../../../activities/judge-version.ts';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import { createSuiteActivities } from '../../../activities/suites.ts';
import { SuiteResult } from '../../../benchmarks/suites/suite-files.ts';
import type { SuiteEvaluation } from '../../../contracts/run-results.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { message } from '../../servers/openai-faults.ts';
import { type AskedQuestion, type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { makeVideo } from '../video/make-video.ts';
import { everyQueue, runUntil } from '../workflows/every-queue.ts';

/** What the judge refuses to speak of. */
let refused: string | undefined;

let root: string;
let store: ArtifactStore;
let environment: TestWorkflowEnvironment;
let judge: OpenAiServer;
const engine = new OnnxEngine();

/** Four clips in two categories. The third has no video and no prediction, the second no event. */
const rows = [
  row(1, 'videvo', 'A Cat runs. A dog "barks".', ['a cat runs', 'a dog barks', 'a bird sings']),
  row(2, 'youtube', 'Nothing moves.', []),
  row(3, 'youtube', 'A fish swims.', ['a fish swims']),
  row(4, 'youtube', 'A man walks.', ['a man walks']),
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-dream1k-'));
  store = new ArtifactStore(join(root, 'store'));
  const videos = join(root, 'videos', 'DREAM-1K_videos');
  await mkdir(videos, { recursive: true });
  for (const idx of [1, 2, 4]) await makeVideo(join(videos, `${idx}.mp4`), { frames: 4, width: 32, height: 32 });
  await writeFile(join(root, 'DREAM-1k.jsonl'), rows.map((each) => JSON.stringify(each)).join('\n'));
  [environment, judge] = await Promise.all([startTemporal(), startOpenAiServer(answer)]);
});
afterAll(async () => {
  await Promise.all([environment?.teardown(), judge?.close(), engine.close()]);
  await rm(root, { recursive: true, force: true });
});

function row(idx: number, category: string, reference: string, events: string[]) {
  return {
    messages: [
      { role: 'user', content: [{ type: 'video', video: { video_file: '<placeholder>' } }] },
      { role: 'assistant', content: [{ type: 'text', reference, text: '' }] },
    ],
    ...{ dataset: `DREAM/${category}`, task: 'video/caption', idx, vid: idx },
    extra_info: { events, n_events: events.length, n_shots: 1, n_subjects: idx },
  };
}

/** A judge by the letter: sentences are events, and a text entails an event that it contains word for word. */
function answer({ description, events }: AskedQuestion) {
  if (description === refused) return message({ content: null, refusal: 'No.' });
  const told = (event: string) => (description.includes(event) ? 'entailment' : 'neutral');
  if (events) return { verdicts: events.map(({ index, event }) => ({ index, relationship: told(event) })) };
  return { events: description.split('.').flatMap((sentence) => sentence.trim() || []) };
}

let runs = 0;
async function bench(input: object, overrides: object = {}): Promise<SuiteEvaluation> {
  const taskQueue = `bench-${++runs}`;
  const interceptors = { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] };
  const shared = { connection: environment.nativeConnection, interceptors };
  const deps = { store, env: { KEY: 'sk' }, parallel: 1 };
  const workers = await everyQueue(
    { taskQueue, workflowBundle: await workflowBundle() },
    {
      ...shared,
      activities: {
        ...createConfigActivities({ store, home: 'unused' }),
        ...createSuiteActivities(deps),
        ...createJudgeVersionActivities(deps),
        ...createFramesActivities(deps),
        ...createRolloutActivities({ store, engine }),
      },
    },
  );
  const config = {
    ...{ 'judge.kind': 'llm', 'judge.model': 'by-the-letter', 'judge.apiKeyEnv': 'KEY' },
    ...{ 'judge.baseUrl': judge.baseUrl, 'policy.engine.threads': 1, 'benchmark.maxNewTokens': 24 },
  };
  const args = [{ suite: 'dream1k', overrides: { ...config, ...overrides }, ...input }];
  return runUntil(
    workers,
    () =>
      environment.client.workflow.execute('benchmarkRun', {
        taskQueue,
        workflowId: taskQueue,
        args,
      }) as Promise<SuiteEvaluation>,
  );
}
const annotations = () => join(root, 'DREAM-1k.jsonl');

async function predictions(name: string, captions: Record<number, string>): Promise<string> {
  const path = join(root, name);
  const lines = Object.entries(captions).map(([id, caption]) => JSON.stringify({ id, caption }));
  await writeFile(path, lines.join('\n'));
  return path;
}

const report = async (evaluation: SuiteEvaluation) => readFile(await store.localCopy(evaluation.report), 'utf8');

describe('captions that were made elsewhere', () => {
  let source: { annotations: string; predictions: string };
  let evaluation: SuiteEvaluation;
  let asked: AskedQuestion[];
  beforeAll(async () => {
    const captions = { 1: 'The "Sun". A cat runs.', 2: 'Nothing moves.', 4: '' };
    source = { annotations: annotations(), predictions: await predictions('p.jsonl', captions) };
    evaluation = await bench(source);
    asked = judge.requests.map(({ question }) => question);
  });

  it('are scored by the protocol, with no policy at all', () => {
    expect(evaluation.counts).toEqual({ items: 4, outOf: 4, scored: 3, withoutCaption: 1, unscorable: 0, missing: 1 });
    expect(evaluation.policy).toBeUndefined();
    // 1: one of three events, one of two claims. 2: no events, so recall 1; its claim is in the reference. 4: no
    // caption, so 0. videvo R 1/3, P 1/2; youtube R 1/2, P 1/2; overall R 5/12, P 1/2, F1 5/11.
    expect(evaluation.metrics.recall).toBeCloseTo(100 * (5 / 12), 9);
    expect(evaluation.metrics.precision).toBeCloseTo(50, 9);
    expect(evaluation.metrics.f1).toBeCloseTo(100 * (5 / 11), 9);
    expect(evaluation.metrics['youtube/f1']).toBeCloseTo(50, 9);
    expect(evaluation.metrics.f1Low).toBeLessThanOrEqual(evaluation.metrics.f1!);
    expect(evaluation.metrics.f1High).toBeGreaterThanOrEqual(evaluation.metrics.f1!);
  });

  it('reach the judge in lower case, and without double quotes where events are taken out', () => {
    expect(asked).toContainEqual({ description: "the 'sun'. a cat runs." });
    expect(asked.find(({ events }) => events?.length === 3)?.description).toBe('the "sun". a cat runs.');
    expect(asked.find(({ events }) => events?.length === 2)?.description).toBe('a cat runs. a dog "barks".');
    // One extraction and two entailments for clip 1, one of each for clip 2 without events, nothing for the others.
    expect(asked).toHaveLength(5);
  });

  it('cost nothing the second time', async () => {
    const before = judge.requests.length;
    expect((await bench(source)).metrics).toEqual(evaluation.metrics);
    expect(judge.requests).toHaveLength(before);
  });

  it('without a caption can be left out, by a variant that the report calls our own', async () => {
    const without = await bench({ ...source, variants: ['leaveOutEmpty'] });
    expect(without.counts).toMatchObject({ scored: 2, withoutCaption: 1 });
    // youtube is clip 2 alone: R 1, P 1. Overall R 2/3, P 3/4, F1 12/17.
    expect(without.metrics.f1).toBeCloseTo(100 * (12 / 17), 9);
    expect(await report(without)).toContain("Authors' quirks that are on: none\n");
    expect(await report(without)).toMatch(
      /Variants of our own that are on: leaveOutEmpty \(clips without a caption are/,
    );
    expect(without.madeWith).toMatchObject({ quirks: [], variants: ['leaveOutEmpty'] });
  });

  it('that the judge will not score are in no mean, and the report says what they could cost', async () => {
    refused = 'a crow sings.';
    const captions = { 1: refused, 2: 'Nothing moves.' };
    const partly = await bench({ ...source, predictions: await predictions('refused.jsonl', captions) });
    expect(partly.counts).toEqual({ items: 4, outOf: 4, scored: 1, withoutCaption: 0, unscorable: 1, missing: 2 });
    expect(partly.metrics.f1).toBe(100);
    const text = await report(partly);
    expect(text).toContain(
      'With a score of no caption for each unscorable item (1): F1 50.0, Recall 50.0, Precision 50.0.',
    );
    expect(text).toContain('- 1: the judge refused to answer');
  });

  it('get a report with published rows, the judge and its prompts, and all that was left out', async () => {
    const text = await report(evaluation);
    expect(text).toContain('| VideoCap-R1 (Qwen2-VL-7B, GRPO) | 34.2 |');
    expect(text).toMatch(/\| \*\*.*p\.jsonl\*\* \| 45\.5 \[/);
    expect(text).toContain(`Judge: by-the-letter at ${judge.baseUrl}, temperature 0`);
    expect(
      text.match(
        /Judge: by-the-letter; prompts:( (key-event-extraction|event-entailment)\.v\d+ \(sha256 \w{12}\)[,.]){2}/g,
      ),
    ).toHaveLength(6);
    expect(text).toContain('## By number of subjects');
    expect(text).toContain('| youtube | 2 | 1 | 0 | 1 |');
    expect(evaluation.judge?.prompts).toHaveLength(2);
    expect(text).toContain('- 3: there is no caption for it in');
    const result = SuiteResult.parse(JSON.parse(await readFile(await store.localCopy(evaluation.result), 'utf8')));
    expect(result.items.map(({ id, missing }) => [id, missing !== undefined])).toEqual([
      ['1', false],
      ['2', false],
      ['3', true],
      ['4', false],
    ]);
    expect(result.items[0]!.score).toMatchObject({
      recall: 1 / 3,
      reading: { claimVerdicts: ['neutral', 'entailment'] },
    });
    const items = await readFile(await store.localCopy(evaluation.drillDown), 'utf8');
    expect(items).toContain('- entailment: a cat runs');
    expect(items).toContain('No caption.');
  });
});

describe('a policy', () => {
  it('captions the videos that are there, and what is missing is listed, not scored', async () => {
    const evaluation = await bench({ checkpoint: 'tiny', annotations: annotations(), videos: join(root, 'videos') });
    expect(evaluation.policy).toMatchObject({ model: 'tiny', step: 0 });
    expect(evaluation.counts).toMatchObject({ items: 4, scored: 3, unscorable: 0, missing: 1 });
    expect(await report(evaluation)).toContain('- 3: there is no 3.mp4 in');
    expect(await report(evaluation)).toContain('# DREAM-1K (AutoDQ): tiny, step 0');
    // As Tarsier's script has it, whatever the run's own settings are.
    expect(evaluation.madeWith?.captions).toMatchObject({
      ...{
        by: 'policy',
        like: 'authors',
        own: [],
        maxNewTokens: 512,
        frames: { count: 16, sampling: 'ends', maxPixels: 460_800 },
      },
      prompt: { text: 'Describe the video in detail.', count: 1 },
    });
    expect(await report(evaluation)).toContain('Made with: prompt "Describe the video in detail." (sha256 ');
  });

  it('is shown and asked what the user says, and the record tells it', async () => {
    const captioning = { like: 'run', frames: { count: 4 }, maxNewTokens: 8 };
    const evaluation = await bench({
      ...{ checkpoint: 'tiny', annotations: annotations(), videos: join(root, 'videos'), limit: 1 },
      captioning,
    });
    expect(evaluation.madeWith?.captions).toMatchObject({
      ...{ like: 'run', own: ['frames.count', 'maxNewTokens'], maxNewTokens: 8, frames: { count: 4, maxPixels: 7056 } },
      prompt: { text: 'Analyse the subjects, their attributes and actions, then describe the video.' },
    });
  });

  it('captions the first clips only, if asked to', async () => {
    const input = { checkpoint: 'tiny', annotations: annotations(), videos: join(root, 'videos'), limit: 2 };
    expect((await bench(input)).counts).toMatchObject({ items: 2, outOf: 4, missing: 0 });
  });
});

describe('is refused with a sentence', () => {
  const failure = (run: Promise<unknown>) =>
    run.then(
      () => expect.unreachable('it should have failed'),
      (error: WorkflowFailedError) => error.cause?.message,
    );

  const someSource = async () => ({
    annotations: annotations(),
    predictions: await predictions('some.jsonl', { 1: 'A cat runs.' }),
  });

  it('without a judge that reads language', async () => {
    expect(await failure(bench({ ...(await someSource()), overrides: {} }))).toMatch(
      /DREAM-1K .* is judged by a language model/,
    );
  });

  it('where no clip can be scored', async () => {
    const other = await predictions('other.jsonl', { 77: 'A cat runs.' });
    expect(await failure(bench({ annotations: annotations(), predictions: other }))).toMatch(
      /^None of the 4 clips of DREAM-1K \(AutoDQ\) can be scored: there is no caption for it in .*other\.jsonl/,
    );
  });

  it('with an unknown quirk', async () => {
    expect(await failure(bench({ ...(await someSource()), quirks: ['dropAll'] }))).toMatch(
      /has no quirk "dropAll"; it has judgeEmpty, unitsAsListed\. leaveOutEmpty and answerOnly are variants/,
    );
  });

  it('with half an input', async () => {
    expect(await failure(bench({}))).toMatch(/annotations: dream1k needs/);
    expect(await failure(bench({ annotations: 'x' }))).toMatch(/videos: .* a folder of videos .* predictions/);
  });
});
