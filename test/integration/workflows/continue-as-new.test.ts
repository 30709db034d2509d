import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { benchmarked, type CallLog, mlflowAway, ref, scriptedStages, updated } from './scripted-stages.ts';

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
      mirrorRecords: ({ fromStep, toStep }) => void mirrored.push([fromStep, toStep]),
    });
    const input = [{ overrides: { 'algorithm.steps': 12 } }];
    const summary = await runScripted(environment, 'trainingRun', input, stages, async (handle) => {
      const result = (await handle.result()) as RunSummary;
      const last = await environment.client.workflow.getHandle(handle.workflowId).describe();
      expect(last.runId).not.toBe(handle.firstExecutionRunId);
      expect(last.historyLength).toBeLessThan(400);
      // What `videocap resume`, `fork` and `gc` know a run by.
      expect(last.memo).toMatchObject({ run: result.runKey, config: 'quickstart' });
      expect(result.runKey).toBe(`${handle.workflowId}-${handle.firstExecutionRunId.slice(-8)}`);
      return result;
    });
    const steps = Array.from({ length: 12 }, (_, i) => i + 1);
    const called = (name: string) => calls.filter(([n]) => n === name).map(([, step]) => step);
    expect(summary.steps).toBe(12);
    expect(called('updatePolicy')).toEqual(steps);
    expect(called('rolloutGroups')).toEqual(steps);
    expect(called('recordStep')).toEqual([0, ...steps]);
    expect(called('prepareDataset')).toHaveLength(1);
    // An execution that continues as another is no end of the run.
    expect(called('finishTracking')).toHaveLength(1);
    expect(mirrored.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i))).toEqual([
      0,
      ...steps,
    ]);
  });

  it('with a lag samples on with the policies that sample in one execution', async () => {
    const sampledBy: [step: number, policy: number][] = [];
    const stages = scriptedStages([], {
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 12, rolloutLag: 1 },
          benchmark: { everySteps: 0 },
        }),
      }),
      rolloutGroups: ({ step, policy }) => {
        sampledBy.push([step, policy.step]);
        return { rollout: ref('r'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 };
      },
    });
    await runScripted<RunSummary>(environment, 'trainingRun', [{}], stages, async (handle) => {
      const result = await handle.result();
      const last = await environment.client.workflow.getHandle(handle.workflowId).describe();
      expect(last.runId).not.toBe(handle.firstExecutionRunId);
      // They reach the next execution with the memo: it only upserts what changes.
      expect(last.searchAttributes).toMatchObject({ VideocapMethod: ['grpo'], VideocapStep: [12] });
      expect(last.memo).toMatchObject({ summary: 'GRPO · tiny · G=8 · 12 steps' });
      return result;
    });
    // A step that was sampled ahead is asked for again, and the store has it.
    const policies = new Map(sampledBy);
    expect([...policies].sort(([a], [b]) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => [i + 1, Math.max(0, i - 1)]),
    );
    expect(new Set(sampledBy.map((pair) => pair.join())).size).toBe(12);
  });

  it('with a lag and parts has each part sampled by one policy, and paid for once', async () => {
    const sampledBy = new Map<string, Set<number>>();
    const recorded: number[] = [];
    const stages = scriptedStages([], {
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 9, samplesPerStep: 4, samplesPerPart: 2, rolloutLag: 1 },
          sampling: { groupSize: 2 },
          judge: { kind: 'llm', model: 'm', price: { inputPerMillion: 1 } },
          benchmark: { everySteps: 0 },
        }),
      }),
      rolloutGroups: ({ step, part, policy }) => {
        const place = `${step}.${part}`;
        sampledBy.set(place, (sampledBy.get(place) ?? new Set()).add(policy.step));
        return { rollout: ref('r'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 };
      },
      recordStep: ({ progress }) => void recorded.push(progress.spent.calls),
    });
    await runScripted<RunSummary>(environment, 'trainingRun', [{}], stages, async (handle) => {
      const result = await handle.result();
      const last = await environment.client.workflow.getHandle(handle.workflowId).describe();
      expect(last.runId).not.toBe(handle.firstExecutionRunId);
      return result;
    });
    const steps = Array.from({ length: 9 }, (_, i) => i + 1);
    expect([...sampledBy].map(([place, policies]) => [place, ...policies]).sort()).toEqual(
      steps.flatMap((step) => [0, 1].map((part) => [`${step}.${part}`, Math.max(0, step - 2)])),
    );
    expect(recorded).toEqual([0, ...steps.map((step) => 2 * 4 * step)]);
  });

  it('trains against the reference policy that it refreshed before, and loads its start policy no more', async () => {
    const calls: CallLog = [];
    const references: number[] = [];
    const stages = scriptedStages(calls, {
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 12, refreshReferenceEvery: 5 },
          benchmark: { everySteps: 0 },
        }),
      }),
      updatePolicy: ({ step, reference }) => {
        references.push(reference.step);
        return updated(step);
      },
    });
    await runScripted<RunSummary>(environment, 'trainingRun', [{}], stages, async (handle) => {
      const result = await handle.result();
      const last = await environment.client.workflow.getHandle(handle.workflowId).describe();
      expect(last.runId).not.toBe(handle.firstExecutionRunId);
      return result;
    });
    expect(references).toEqual([0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10]);
  });

  it('stops after `patience` evaluations without a better one, over all executions, and exports the best', async () => {
    const calls: CallLog = [];
    const exported: number[] = [];
    const finished: unknown[] = [];
    const stages = scriptedStages(calls, {
      // It rises to step 6, and falls from there.
      scoreBenchmark: ({ step }) => benchmarked({ metrics: { eventF1: 60 - Math.abs(6 - step) } }),
      exportPolicy: ({ policy }) => {
        exported.push(policy.step);
        return { folder: '/models/trained' };
      },
      finishTracking: ({ best }) => void finished.push(best),
    });
    const best = { metric: 'eventF1', patience: 5 };
    const input = [{ overrides: { 'algorithm.steps': 100, 'checkpoints.best': best } }];
    const summary = await runScripted<RunSummary>(environment, 'trainingRun', input, stages, async (handle) => {
      const result = (await handle.result()) as RunSummary;
      const { runId } = await environment.client.workflow.getHandle(handle.workflowId).describe();
      expect(runId).not.toBe(handle.firstExecutionRunId);
      return result;
    });
    const chosen = { step: 6, metric: 'eventF1', value: 60, endedEarly: expect.stringContaining('last 5 evaluations') };
    expect(summary).toMatchObject({ steps: 16, policy: { step: 6 }, trained: { step: 6 }, best: chosen });
    expect(exported).toEqual([6]);
    expect(finished).toEqual([chosen]);
  });

  it('does not wait for an MLflow that is down, and tells it everything later', async () => {
    const calls: CallLog = [];
    const { stages, mirrored } = mlflowAway();
    const input = [{ overrides: { 'algorithm.steps': 12 } }];
    const summary = await runScripted<RunSummary>(environment, 'trainingRun', input, scriptedStages(calls, stages));
    expect(summary.steps).toBe(12);
    expect(mirrored).toEqual([[0, 12]]);
    expect(calls.at(-1)?.[0]).toBe('finishTracking');
  });
});
