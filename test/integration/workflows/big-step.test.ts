import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Context } from '@temporalio/activity';
import type { temporal } from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createComparisonActivities } from '../../../activities/compare-completions.ts';
import { createJudgeActivities } from '../../../activities/judge-completions.ts';
import { createRecordActivities } from '../../../activities/record.ts';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import { createScoreActivities } from '../../../activities/score-completions.ts';
import { createUpdateActivities } from '../../../activities/update.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { readRecords } from '../../../contracts/read-records.ts';
import { type RunSummary, ScoredRollout } from '../../../contracts/run-results.ts';
import { ArtifactStore, sha256 } from '../../../core/artifact-store.ts';
import type { SampledText } from '../../../core/completion.ts';
import type { CompletionBatch, PolicyEngine } from '../../../core/policy-engine.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { storeClips } from '../../unit/activities/stage-store.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { everyQueue, runUntil } from './every-queue.ts';
import { policyAt, ref, scriptedStages } from './scripted-stages.ts';

/**
 * Samples x completions. `BIG_STEP=1024x128` and `BIG_STEP=1024x256`, the most that a config may ask for, take minutes;
 * docs/sampling.md has what they printed.
 */
const [SAMPLES, GROUP] = (process.env.BIG_STEP ?? '128x32').split('x').map(Number) as [number, number];
/** Of a completion: at the largest sizes as many as a config may ask for. */
const TOKENS = Math.min(32, 2 ** 22 / (SAMPLES * GROUP));
const COLOURS = ['red', 'blue', 'green', 'grey'];
const EVENTS = ['a small red circle moves left', 'a large blue square shrinks'];

let environment: TestWorkflowEnvironment;
let home: string;
const pauses = monitorEventLoopDelay();
beforeAll(async () => {
  pauses.enable();
  environment = await startTemporal();
  home = await mkdtemp(join(tmpdir(), 'videocap-big-step-'));
});
afterAll(async () => {
  await environment?.teardown();
  await rm(home, { recursive: true, force: true });
});

/** What the policy says: every completion of a group another colour, or nothing. */
function completion(c: number): SampledText {
  const text = c % 8 === 7 ? '' : `<answer>A small ${COLOURS[c % COLOURS.length]} circle moves left.</answer>`;
  const tokens = Array.from({ length: TOKENS }, (_, t) => 1000 + t);
  return { text, tokenIds: tokens, logProbs: tokens.map(() => -0.5), truncated: false };
}

/** A run of one step in which all is real that handles completions, but for the model. */
async function played(samples: number, group: number) {
  const store = new ArtifactStore(join(home, `${samples}`));
  const ids = Array.from({ length: samples }, (_, i) => `sample-${i}`);
  const video = { path: '/a.mp4', sha256: '0'.repeat(64), bytes: 1 };
  const train = ids.map((id) => ({ id, video, caption: `${EVENTS.join('. ')}.`, events: EVENTS, thought: [] }));
  const manifest = await store.putJson('manifest.json', {
    name: 'n',
    digest: 'd',
    train,
    heldOut: [],
    quarantined: [],
  });
  const one = await store.readJson(await storeClips(store, ['one']), z.tuple([z.looseObject({})]));
  const clips = await store.putJson(
    'clips.json',
    ids.map((sampleId) => ({ ...one[0], sampleId })),
  );
  const weights = { ...policyAt(0), weights: await store.put('policies/base/model.safetensors', 'weights') };
  let learnt = 0;
  const update: PolicyEngine['update'] = async ({ batch }) => {
    const all = (batch as CompletionBatch).groups.flatMap(({ completions }) => completions);
    learnt = all.filter(({ advantage }) => advantage !== null).length;
    const bytes = Buffer.from('learnt');
    const file = { bytes, sha256: sha256(bytes) };
    return { weights: file, optimizer: file, metrics: {} };
  };
  const generate: PolicyEngine['generate'] = async ({ clips }) =>
    clips.map(({ sampleId }) => ({ sampleId, completions: Array.from({ length: group }, (_, c) => completion(c)) }));
  const identity = async () => ({ engine: 'scripted' });
  const engine = { generate, update, identity } as unknown as PolicyEngine;
  const { rolloutGroups } = createRolloutActivities({ store, engine });
  const { scoreCompletions } = createScoreActivities({ store, home });
  const { judgeCompletions } = createJudgeActivities({ store, env: {} });
  const { compareCompletions } = createComparisonActivities({ store });
  const { updatePolicy } = createUpdateActivities({ store, engine });
  const { recordStep } = createRecordActivities({ store });
  const stages = scriptedStages([], {
    resolveConfig: () => ({
      config: ExperimentConfig.parse({
        algorithm: { kind: 'grpo', steps: 1, samplesPerStep: samples },
        sampling: { groupSize: group, maxNewTokens: TOKENS },
        reward: { think: { similarity: 'token-f1' }, length: { min: 2, max: 4, fallOff: 4 } },
      }),
    }),
    prepareDataset: () => ({ manifest, digest: 'd', train: samples, heldOut: 0, quarantined: 0 }),
    extractFrames: () => ({ clips }),
    loadPolicy: () => ({ policy: weights }),
    ...{ rolloutGroups, scoreCompletions, judgeCompletions, compareCompletions, updatePolicy, recordStep },
    writeReport: () => ({ report: ref('report') }),
  });
  const taskQueue = `big-step-${samples}`;
  const workers = await everyQueue(
    { taskQueue, workflowBundle: await workflowBundle() },
    {
      connection: environment.nativeConnection,
      activities: stages,
      interceptors: { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] },
    },
  );
  return runUntil(workers, async () => {
    const handle = await environment.client.workflow.start('trainingRun', {
      ...{ taskQueue, workflowId: taskQueue, args: [{}] },
    });
    pauses.reset();
    const { runKey } = (await handle.result()) as RunSummary;
    const longestPause = pauses.max / 1e9;
    const { events } = await handle.fetchHistory();
    const [record] = await readRecords(store, runKey, 1, 1);
    const [scored] = await store.readJson(record!.scored!, z.tuple([ScoredRollout]));
    return { events: events!, record: record!, scored: scored!, learnt, longestPause };
  });
}

/** Of every event that carries something in or out. */
function payloads(events: readonly temporal.api.history.v1.IHistoryEvent[]): number[] {
  return events.map((event) => {
    const { input } = event.workflowExecutionStartedEventAttributes ?? event.activityTaskScheduledEventAttributes ?? {};
    const { result } =
      event.activityTaskCompletedEventAttributes ?? event.workflowExecutionCompletedEventAttributes ?? {};
    const all = [...(input?.payloads ?? []), ...(result?.payloads ?? [])];
    return all.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
  });
}

it(`${SAMPLES} x ${GROUP} completions leave a history like that of 2 x 2, and the policy learns from all`, async () => {
  const small = await played(2, 2);
  const big = await played(SAMPLES, GROUP);
  const failed = big.events.filter(({ activityTaskTimedOutEventAttributes: late }) => late);
  expect(failed).toEqual([]);
  expect(big.scored.rewards).toHaveLength(SAMPLES);
  expect(big.scored.advantages[SAMPLES - 1]).toHaveLength(GROUP);
  expect(big.learnt).toBe(SAMPLES * GROUP);
  expect(big.record.metrics).toMatchObject({ 'reward/excluded': 0, 'reward/uniformShare': 0 });

  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const [of, than] = [payloads(big.events), payloads(small.events)];
  console.log(`${SAMPLES} x ${GROUP}: largest payload ${Math.max(...of)} bytes, all ${sum(of)}; 2 x 2: ${sum(than)}`);
  const gigabytes = (process.resourceUsage().maxRSS / 2 ** 20).toFixed(1);
  console.log(`longest pause ${big.longestPause.toFixed(2)} s, at most ${gigabytes} GB of memory`);
  expect(Math.max(...of)).toBeLessThan(64 * 1024);
  expect(sum(of)).toBeLessThan(1.1 * sum(than));
}, 600_000);
