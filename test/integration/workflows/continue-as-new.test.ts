import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../core/stages.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { type CallLog, scriptedStages } from './scripted-stages.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  // A server that finds histories long after a few steps, where a real one takes thousands of events.
  environment = await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=150');
});
afterAll(() => environment?.teardown());

describe('a run whose history grows long', () => {
  it('continues as new between steps: nothing is done twice, nothing is left out', async () => {
    const calls: CallLog = [];
    const mirrored: [number, number][] = [];
    const stages = scriptedStages(calls, {
      mirrorRecords: ({ fromStep, toStep }: { fromStep: number; toStep: number }) =>
        void mirrored.push([fromStep, toStep]),
    });
    const shared = { connection: environment.nativeConnection, activities: stages };
    const workflows = await Worker.create({ ...shared, taskQueue: 'long', workflowBundle: await workflowBundle() });
    const policy = await Worker.create({ ...shared, taskQueue: 'policy-onnx' });
    const { client } = environment;
    const summary = await workflows.runUntil(
      policy.runUntil(async () => {
        const args = [{ overrides: { 'grpo.steps': 12 } }];
        const handle = await client.workflow.start('trainingRun', { taskQueue: 'long', workflowId: 'long', args });
        const result = (await handle.result()) as RunSummary;
        const last = await client.workflow.getHandle('long').describe();
        expect(last.runId).not.toBe(handle.firstExecutionRunId);
        expect(last.historyLength).toBeLessThan(400);
        // What `videocap resume`, `fork` and `gc` know a run by.
        expect(last.memo).toMatchObject({ run: result.runKey, config: 'quickstart' });
        expect(result.runKey).toBe(`long-${handle.firstExecutionRunId.slice(0, 8)}`);
        return result;
      }),
    );
    const steps = Array.from({ length: 12 }, (_, i) => i + 1);
    const called = (name: string) => calls.filter(([n]) => n === name).map(([, step]) => step);
    expect(summary.steps).toBe(12);
    expect(called('updatePolicy')).toEqual(steps);
    expect(called('rolloutGroups')).toEqual(steps);
    expect(called('recordStep')).toEqual([0, ...steps]);
    expect(called('prepareDataset')).toHaveLength(1);
    // An execution that goes on as another is no end of the run.
    expect(called('finishTracking')).toHaveLength(1);
    expect(mirrored.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))).toEqual([
      0,
      ...steps,
    ]);
  });

  it('does not wait for an MLflow that is down, and tells it everything later', async () => {
    const calls: CallLog = [];
    const mirrored: [number, number][] = [];
    let reported = false;
    const stages = scriptedStages(calls, {
      startTracking: () => {
        if (!reported) throw ApplicationFailure.create({ type: 'Unavailable', message: 'MLflow does not answer' });
        return { mlflowRunId: 'm', experimentId: '1', runUrl: 'http://127.0.0.1/m' };
      },
      writeReport: () => {
        reported = true;
        return { report: { uri: 'store:report', sha256: '0'.repeat(64), bytes: 1 } };
      },
      mirrorRecords: ({ fromStep, toStep }: { fromStep: number; toStep: number }) =>
        void mirrored.push([fromStep, toStep]),
    });
    const input = [{ overrides: { 'grpo.steps': 12 } }];
    const summary = await runScripted<RunSummary>(environment, 'trainingRun', input, stages);
    expect(summary.steps).toBe(12);
    expect(mirrored).toEqual([[0, 12]]);
    expect(calls.at(-1)?.[0]).toBe('finishTracking');
  });
});
