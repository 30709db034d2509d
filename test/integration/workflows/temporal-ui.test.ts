import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import { TEMPLATE_MEMO, TEMPLATE_RESULT } from '../../../contracts/start-template.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted, scriptedWorkers } from './run-scripted.ts';
import { type CallLog, SWEEP, scriptedStages } from './scripted-stages.ts';

/** What users see of runs in Temporal's UI, on a real server. */

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

type Name = keyof typeof SEARCH_ATTRIBUTES;

/** A run's search attributes, by their names in the project. */
async function attributesOf(handle: WorkflowHandle): Promise<Partial<Record<Name, unknown>>> {
  const { searchAttributes } = await handle.describe();
  return Object.fromEntries(
    Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, { name: key }]) => {
      const value = searchAttributes[key]?.[0];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The search attributes that each event of a history changes, decoded. */
async function upsertsOf(handle: WorkflowHandle): Promise<Record<string, unknown>[]> {
  const { events } = await handle.fetchHistory();
  return events!.flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
    const fields = upsert?.searchAttributes?.indexedFields;
    if (!fields) return [];
    return [
      Object.fromEntries(
        Object.entries(fields).map(([name, { data }]) => [name, JSON.parse(Buffer.from(data!).toString() || 'null')]),
      ),
    ];
  });
}

describe('search attributes', () => {
  it('say what a run is and where it is, with at most one event a step', async () => {
    const input = [{ overrides: { 'algorithm.steps': 5 } }];
    await runScripted(environment, 'trainingRun', input, scriptedStages([]), async (handle) => {
      await handle.result();
      expect(await attributesOf(handle)).toEqual({
        ...{ method: 'grpo', phase: 'finished', step: 5, reward: expect.any(Number), paused: false },
      });
      const upserts = await upsertsOf(handle);
      const steps = upserts.flatMap(({ VideocapStep }) => (VideocapStep === undefined ? [] : [VideocapStep]));
      expect(steps).toEqual([0, 1, 2, 3, 4, 5]);
      const phases = upserts.flatMap(({ VideocapPhase }) => (VideocapPhase === undefined ? [] : [VideocapPhase]));
      // The scripted config has a benchmark every two steps.
      expect(phases).toEqual([
        ...['starting', 'preparing', 'benchmark', 'training', 'benchmark', 'training', 'benchmark', 'training'],
        ...['benchmark', 'report', 'finished'],
      ]);
    });
  });

  it('say that it waits for a person, so that a list finds it, and no more once it goes on', async () => {
    const input = [{ overrides: { 'algorithm.steps': 3 } }];
    await runScripted(environment, 'trainingRun', input, scriptedStages([]), async (handle) => {
      await handle.signal('pause');
      await expect.poll(() => attributesOf(handle)).toMatchObject({ paused: true });
      const query = `VideocapPaused=true AND ExecutionStatus="Running" AND WorkflowId="${handle.workflowId}"`;
      await expect.poll(async () => (await environment.client.workflow.count(query)).count).toBe(1);
      await handle.signal('resume');
      await handle.result();
      expect(await attributesOf(handle)).toMatchObject({ paused: false, phase: 'finished' });
    });
  });

  it('have the sentence of a failure, which is at its top too', async () => {
    const stages = scriptedStages([], {
      updatePolicy: () => {
        throw ApplicationFailure.nonRetryable('The weights do not fit. Use fewer.', 'InvalidConfig');
      },
    });
    await runScripted(environment, 'trainingRun', [{ config: 'quickstart' }], stages, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({
        cause: { message: 'The weights do not fit. Use fewer.', type: 'InvalidConfig', nonRetryable: true },
      });
      expect(await attributesOf(handle)).toMatchObject({
        ...{ phase: 'failed', failedWhy: 'The weights do not fit. Use fewer.', step: 0, paused: false },
      });
    });
  });

  it('of a run that is cancelled say so', async () => {
    await runScripted(environment, 'trainingRun', [{ config: 'quickstart' }], scriptedStages([]), async (handle) => {
      await handle.signal('pause');
      await expect.poll(() => attributesOf(handle)).toMatchObject({ paused: true });
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect(await attributesOf(handle)).toMatchObject({ phase: 'cancelled', paused: false });
    });
  });

  it('that the start form has copied from another run do not stay', async () => {
    const { taskQueue } = await scriptedWorkers(environment);
    const handle = await environment.client.workflow.start('trainingRun', {
      ...{ taskQueue, workflowId: 'copied', args: [{ config: 'quickstart' }] },
      searchAttributes: {
        ...{ VideocapStep: [60], VideocapReward: [3], VideocapFailedWhy: ['it broke'], VideocapArm: ['grpo'] },
        ...{ VideocapPaused: [true], VideocapPhase: ['failed'], VideocapMethod: ['sft'] },
      },
    });
    await handle.result();
    expect(await attributesOf(handle)).toEqual({
      ...{ method: 'grpo', phase: 'finished', step: 2, reward: expect.any(Number), paused: false },
    });
    expect((await upsertsOf(handle))[0]).toMatchObject({
      VideocapStep: 0,
      VideocapReward: null,
      VideocapPaused: false,
    });
  });

  it("of a sweep and its runs name the sweep, and the run's arm; children show their place", async () => {
    const stages = scriptedStages([], { resolveSweep: () => ({ plan: SWEEP }) });
    const input = [{ sweep: 'two-arms' }];
    await runScripted(environment, 'ablationSweep', input, stages, async (handle) => {
      await handle.result();
      const own = await attributesOf(handle);
      expect(own).toMatchObject({ method: 'sweep', phase: 'finished', step: 4, paused: false });
      const children = [];
      for await (const run of environment.client.workflow.list({
        query: `VideocapSweep="${own.sweep}" AND WorkflowType="trainingRun"`,
      }))
        children.push(environment.client.workflow.getHandle(run.workflowId));
      expect(children).toHaveLength(4);
      const places = await Promise.all(
        children.map(async (child) => [
          (await attributesOf(child)).arm,
          await (await child.describe()).staticSummary(),
          (await child.describe()).memo?.summary,
        ]),
      );
      expect(places.sort()).toEqual([
        ['grpo', 'grpo · all · seed 1', 'GRPO · tiny · G=2 · 2 steps'],
        ['grpo', 'grpo · all · seed 2', 'GRPO · tiny · G=2 · 2 steps'],
        ['sft', 'sft · all · seed 1', 'SFT · tiny · 2 steps'],
        ['sft', 'sft · all · seed 2', 'SFT · tiny · 2 steps'],
      ]);
      expect((await handle.describe()).memo).toMatchObject({ summary: '2 arms · 1 condition · 4 runs' });
    });
  });
});

describe('a run that the UI starts', () => {
  it('has its summary in the memo, and one of each activity', async () => {
    const input = [{ config: 'quickstart', overrides: { 'algorithm.steps': 1 } }];
    await runScripted(environment, 'trainingRun', input, scriptedStages([]), async (handle) => {
      await handle.result();
      expect((await handle.describe()).memo).toMatchObject({ summary: 'GRPO · tiny · G=2 · 1 step' });
      const { events } = await handle.fetchHistory();
      const scheduled = events!.filter(({ activityTaskScheduledEventAttributes: activity }) => activity);
      const summaries = scheduled.map(({ userMetadata }) =>
        JSON.parse(Buffer.from(userMetadata!.summary!.data!).toString()),
      );
      expect(summaries).toContain('step 1/1: rollout 2 x 2');
      expect(summaries).toContain('step 1/1: update');
      expect(scheduled.length).toBe(summaries.length);
    });
  });

  it('without a config says at once that it is the quickstart, and what else there is', async () => {
    const stages = scriptedStages([]);
    await runScripted(environment, 'trainingRun', [], stages, async (handle) => {
      await handle.signal('pause');
      await expect.poll(() => attributesOf(handle)).toMatchObject({ paused: true });
      expect(await detailsOf(handle)).toContain('this is **the quickstart**');
      await handle.signal('resume');
      await handle.result();
      expect(await detailsOf(handle)).not.toContain('the quickstart');
    });
  });

  it.each(['ablationSweep', 'datasetAnnotation'])(
    '%s without an input ends at once with what to type',
    async (type) => {
      const calls: CallLog = [];
      for (const input of [[], [{}]])
        await expect(runScripted(environment, type, input, scriptedStages(calls))).rejects.toMatchObject({
          cause: { type: 'InvalidRunInput', message: expect.stringMatching(/^The input is empty\. A right one is \{/) },
        });
      expect(calls).toEqual([]);
    },
  );

  it('as a template does nothing, and its result is that sentence', async () => {
    const { taskQueue } = await scriptedWorkers(environment);
    const args = [{ config: 'quickstart' }];
    const memo = { [TEMPLATE_MEMO]: true };
    const run = { taskQueue, workflowId: 'template-trainingRun', args, memo };
    const handle = await environment.client.workflow.start('trainingRun', run);
    expect(await handle.result()).toBe(TEMPLATE_RESULT);
    const { events } = await handle.fetchHistory();
    expect(events!.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false);
    expect(await attributesOf(handle)).toEqual({});
  });
});

/** The Markdown of a run's page. */
async function detailsOf(handle: WorkflowHandle): Promise<string> {
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}
