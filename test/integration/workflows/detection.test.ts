import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { scriptedStages } from './scripted-stages.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

const annotation = { dataset: '/captions.jsonl', output: '/annotated.jsonl', overrides: { 'judge.kind': 'llm' } };

/**
 * A worker that dies is noticed by its missing heartbeats, so every activity of every workflow must have to send them.
 */
describe('a dead worker is noticed within 15 s', () => {
  it.each([
    ['trainingRun', {}, 12],
    ['benchmarkRun', {}, 4],
    ['datasetAnnotation', annotation, 4],
  ])('in every activity of %s', async (type, input, activities) => {
    const events = await runScripted(environment, type, [input], scriptedStages([]), async (handle) => {
      await handle.result();
      return (await handle.fetchHistory()).events!;
    });
    const scheduled = events.flatMap(({ activityTaskScheduledEventAttributes: attributes }) => attributes ?? []);
    expect(new Set(scheduled.map(({ activityType }) => activityType!.name)).size).toBeGreaterThanOrEqual(activities);
    for (const { activityType, heartbeatTimeout } of scheduled) {
      const seconds = Number(heartbeatTimeout?.seconds ?? 0);
      expect(seconds, activityType!.name!).toBeGreaterThan(2 * 2); // beats come every 2 s, and one may be late
      expect(seconds, activityType!.name!).toBeLessThanOrEqual(15);
    }
  });

  it('also in the final delivery to MLflow of a failed run', async () => {
    const stages = scriptedStages([], {
      prepareDataset: () => {
        throw new Error('no');
      },
    });
    const events = await runScripted(environment, 'trainingRun', [{}], stages, async (handle) => {
      await expect
        .poll(() => handle.query<{ stage: string }>('status'), { timeout: 30_000 })
        .toMatchObject({ stage: 'dataset' });
      await handle.cancel();
      await handle.result().catch(() => undefined);
      return (await handle.fetchHistory()).events!;
    });
    const last = events.flatMap(({ activityTaskScheduledEventAttributes: attributes }) => attributes ?? []).at(-1)!;
    expect(last.activityType!.name).toBe('finishTracking');
    expect(Number(last.heartbeatTimeout?.seconds)).toBe(12);
  });
});
