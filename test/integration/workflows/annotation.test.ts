import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnnotationActivities } from '../../../activities/annotation.ts';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import type { WrittenAnnotations } from '../../../contracts/annotation.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import type { LlmJudgeConfig } from '../../../judge/judge-config.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { status } from '../../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { everyQueue, runUntil } from './every-queue.ts';
import { ref, scriptedStages, usage } from './scripted-stages.ts';
import type { StageInput } from './stage-contracts.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  // A server that finds histories long after a few batches.
  environment = await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=50');
});
afterAll(() => environment?.teardown());

let runs = 0;
/** Annotates with the given stages while `during` is with the run, and gives what that gives. */
async function annotate<T>(
  activities: object,
  input: object,
  during: (handle: WorkflowHandle) => Promise<T>,
): Promise<T> {
  const taskQueue = `annotation-${++runs}`;
  const interceptors = { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] };
  // In this thread: one of its own takes a worker a second to start.
  const inThisThread = { debugMode: true, workflowBundle: await workflowBundle() };
  const shared = { connection: environment.nativeConnection, interceptors, activities };
  const workers = await everyQueue({ ...inThisThread, taskQueue }, shared);
  return runUntil(workers, async () => {
    const { workflow } = environment.client;
    return during(await workflow.start('datasetAnnotation', { taskQueue, workflowId: taskQueue, args: [input] }));
  });
}

const is = (handle: WorkflowHandle, expected: object) =>
  expect.poll(() => handle.query('status'), { timeout: 60_000 }).toMatchObject(expected);
const resultOf = (handle: WorkflowHandle) => handle.result() as Promise<WrittenAnnotations>;

describe('datasetAnnotation', () => {
  const INPUT = {
    dataset: '/data/captions.jsonl',
    output: '/data/annotated.jsonl',
    overrides: { 'judge.kind': 'llm' },
  };

  /** Stages that answer ten captions a batch, of so many; `before` comes before the answer. */
  function stagesOf(open: number, before: (input: StageInput<'annotateBatch'>) => unknown = () => undefined) {
    const given = {
      batches: [] as StageInput<'annotateBatch'>[],
      written: [] as StageInput<'writeAnnotations'>[],
      read: 0,
    };
    const stages = scriptedStages([], {
      readCaptions: () => {
        given.read++;
        return { samples: ref('samples'), total: open, open };
      },
      annotateBatch: async (input) => {
        given.batches.push(input);
        await before(input);
        return { annotations: ref('annotations'), annotated: 9, unscorable: 1, usage: usage(10), seconds: 1 };
      },
      writeAnnotations: (input) => {
        given.written.push(input);
        return scriptedStages([]).writeAnnotations(input);
      },
    });
    const batches = () => given.batches.map(({ batch }) => batch);
    return { stages, given, batches };
  }
  const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

  it('waits with one sentence while the judge is blocked, asks again when resumed, and continues', async () => {
    let repaired = false;
    const { stages, given, batches } = stagesOf(30, ({ batch }) => {
      if (batch === 2 && !repaired) throw ApplicationFailure.nonRetryable('Set the key JUDGE_KEY.', 'JudgeBlocked');
    });
    await annotate(stages, INPUT, async (handle) => {
      const blocked = { stage: 'paused: judge', blocked: 'Set the key JUDGE_KEY.', step: 10, totalSteps: 30 };
      await is(handle, blocked);
      await handle.signal('resume');
      await expect.poll(batches).toEqual([1, 2, 2]);
      await is(handle, blocked);
      repaired = true;
      await handle.signal('resume');
      return handle.result();
    });
    expect(batches()).toEqual([1, 2, 2, 2, 3]);
    expect(given.batches.map(({ spent }) => spent.calls)).toEqual([0, 10, 10, 10, 20]);
    expect(given.written).toMatchObject([{ batches: 3 }]);
  });

  it('waits while paused, whenever the pause comes', async () => {
    let handle: WorkflowHandle;
    const { stages, batches } = stagesOf(120, async () => {
      await handle.signal('pause');
      await handle.signal('pause');
    });
    // Some of the batches are the last ones of their execution.
    const { firstExecutionRunId } = await annotate(stages, INPUT, async (started) => {
      handle = environment.client.workflow.getHandle(started.workflowId);
      for (const batch of upTo(11)) {
        await is(handle, { stage: 'paused', step: 10 * batch, paused: true });
        expect(batches()).toEqual(upTo(batch));
        await handle.signal('resume');
      }
      await handle.result();
      return started as WorkflowHandle & { firstExecutionRunId: string };
    });
    expect(batches()).toEqual(upTo(12));
    const { runId } = await environment.client.workflow.getHandle(`annotation-${runs}`).describe();
    expect(runId).not.toBe(firstExecutionRunId);
  });

  it('writes what there is when stopped, in the middle of a batch or paused', async () => {
    let handle: WorkflowHandle;
    const stopped = stagesOf(1000, async ({ batch }) => {
      if (batch !== 3) return;
      await handle.signal('stop');
      await handle.signal('stop');
    });
    await annotate(stopped.stages, INPUT, (started) => {
      handle = started;
      return started.result();
    });
    expect(stopped.batches()).toEqual([1, 2, 3]);
    expect(stopped.given.written).toMatchObject([{ batches: 3 }]);

    const paused = stagesOf(1000, ({ batch }) => (batch === 2 ? handle.signal('pause') : undefined));
    await annotate(paused.stages, INPUT, async (started) => {
      handle = started;
      await is(started, { stage: 'paused', step: 20 });
      await started.signal('stop');
      return started.result();
    });
    expect(paused.batches()).toEqual([1, 2]);
    expect(paused.given.written).toMatchObject([{ batches: 2 }]);
  });

  it('continues as new between batches, where it was, with its limits and what it has spent', async () => {
    let handle: WorkflowHandle;
    const { stages, given, batches } = stagesOf(1000, async ({ batch }) => {
      if (batch === 2) await handle.executeUpdate('setLimits', { args: [{ maxSteps: 300, judgeBudgetUsd: 99 }] });
    });
    await annotate(stages, INPUT, async (started) => {
      handle = started;
      await started.result();
      const { runId, historyLength } = await environment.client.workflow.getHandle(started.workflowId).describe();
      expect(runId).not.toBe((started as { firstExecutionRunId?: string }).firstExecutionRunId);
      expect(historyLength).toBeLessThan(100);
    });
    expect(batches()).toEqual(upTo(30));
    expect(given.read).toBe(1);
    expect(given.batches.map(({ spent }) => spent)).toEqual(
      upTo(30).map((n) => ({ calls: 10 * n - 10, usd: 2.5 * n - 2.5 })),
    );
    expect(given.batches.map(({ judge }) => (judge as LlmJudgeConfig).budget.usd)).toEqual(
      upTo(30).map((n) => (n <= 2 ? undefined : 99)),
    );
    expect(new Set([...given.batches, ...given.written].map(({ runKey }) => runKey)).size).toBe(1);
    expect(given.written).toMatchObject([{ batches: 30 }]);
  });

  it('ends after the batch that reaches a limit, and refuses what is no limit', async () => {
    let handle: WorkflowHandle;
    const refused: unknown[] = [];
    const { stages, given, batches } = stagesOf(1000, async ({ batch }) => {
      if (batch !== 2) return;
      const set = (limits: object) => handle.executeUpdate('setLimits', { args: [limits] });
      refused.push(await set({ maxSamples: 3 }).catch(({ cause }) => cause.message));
      expect(await set({ maxSteps: 15 })).toEqual({ maxSteps: 15 });
    });
    await annotate(stages, INPUT, async (started) => {
      handle = started;
      return started.result();
    });
    expect(refused).toEqual([expect.stringMatching(/^Wrong limits: .*maxSamples/)]);
    expect(batches()).toEqual([1, 2]);
    expect(given.written).toMatchObject([{ batches: 2 }]);
  });
});

describe('a judge that fails half way through a batch', () => {
  const CAPTIONS = Array.from({ length: 20 }, (_, i) => `A rabbit counts to ${i}.`);
  let root: string;
  let judge: OpenAiServer;
  /** The key stops working once so many captions were answered. */
  let refusedFrom = 10;
  let answered = 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'videocap-annotation-'));
    judge = await startOpenAiServer(() => {
      if (answered >= refusedFrom) return status(401, { code: 'invalid_api_key' });
      answered++;
      return { thought: [{ subject: 'rabbit', attributes: [], actions: ['counts'] }], events: ['a rabbit counts'] };
    });
  });
  afterAll(async () => {
    await judge?.close();
    await rm(root, { recursive: true, force: true });
  });

  it('is paid only for the rest once it is repaired', async () => {
    const dataset = join(root, 'captions.jsonl');
    await writeFile(
      dataset,
      CAPTIONS.map((caption, i) => `${JSON.stringify({ video: `${i}.mp4`, caption })}\n`).join(''),
    );
    const store = new ArtifactStore(join(root, 'store'));
    const activities = {
      ...createConfigActivities({ home: root }),
      ...createAnnotationActivities({ store, env: { KEY: 'sk' } }),
    };
    const set = { kind: 'llm', model: 'm', baseUrl: judge.baseUrl, apiKeyEnv: 'KEY', concurrency: 1 };
    const overrides = {
      ...Object.fromEntries(Object.entries(set).map(([key, value]) => [`judge.${key}`, value])),
      ...{ 'judge.price.inputPerMillion': 1000, 'judge.price.outputPerMillion': 2000 },
    };
    const input = { dataset, output: join(root, 'annotated.jsonl'), overrides };
    const written = await annotate(activities, input, async (handle) => {
      await is(handle, { stage: 'paused: judge', step: 0, totalSteps: 20, blocked: expect.stringContaining('KEY') });
      expect(judge.account()).toMatchObject({ answered: 10, duplicates: 0 });
      refusedFrom = 18;
      await handle.signal('resume');
      // The first batch has 16 captions, the second the rest.
      await is(handle, { stage: 'paused: judge', step: 16, judge: { calls: 16, usd: expect.closeTo(16 * 0.02, 9) } });
      refusedFrom = 20;
      await handle.signal('resume');
      return resultOf(handle);
    });
    expect(judge.account()).toMatchObject({ questions: 20, answered: 20, duplicates: 0, unanswered: 0 });
    expect(written.samples).toMatchObject({ total: 20, annotated: 20, unscorable: 0, notAsked: 0 });
    expect(written.usage).toMatchObject({ calls: 20, cacheHits: 0, repeated: 0, cost: expect.closeTo(0.4, 9) });
    const lines = (await readFile(written.output, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).caption)).toEqual(CAPTIONS);
  });
});
