import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { LONGEST_RUN_ID } from '../../../core/run-key.ts';
import { startTemporal } from '../temporal-server.ts';
import { runOneActivity } from '../workers/run-one-activity.ts';
import { runScripted } from './run-scripted.ts';
import { type CallLog, scriptedStages } from './scripted-stages.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

/** More than one payload may have here, and less than Temporal refuses. */
const LARGE = 'x'.repeat(1_200_000);

/** How a run fails. */
const failed = (type: string, ...names: string[]) => ({
  cause: { type, nonRetryable: true, message: expect.stringMatching(new RegExp(names.join('.*'))) },
});

describe('what is too large for Temporal', () => {
  it.each([1_200_000, 3_000_000, 6_000_000])('as a result of %i bytes, fails its stage once', async (bytes) => {
    let attempts = 0;
    const attempt = async () => {
      attempts++;
      return 'x'.repeat(bytes);
    };
    await expect(runOneActivity(environment, attempt)).rejects.toMatchObject({
      cause: failed('TooLarge', 'result of attempt', String(bytes + 2)),
    });
    expect(attempts).toBe(1);
  });

  it('as an error, is cut', async () => {
    const attempt = async () => {
      throw Object.assign(new Error('y'.repeat(6_000_000)), { code: 'EACCES' });
    };
    let attempts = 0;
    const twice = async () => {
      attempts++;
      if (attempts < 3) return attempt();
      return attempts;
    };
    // An error that passes is tried again: it must reach Temporal each time.
    expect(await runOneActivity(environment, twice)).toBe(3);
  });

  it('as the input of a stage, ends the run with its name and size', async () => {
    const calls: CallLog = [];
    // The whole config has a limit in the activity that resolves it, which is scripted here.
    const dataset = { kind: 'jsonl', train: LARGE, heldOut: 'held-out.jsonl' };
    const resolveConfig = () => ({ config: ExperimentConfig.parse({ dataset }) });
    const stages = scriptedStages(calls, { resolveConfig });
    await runScripted(environment, 'trainingRun', [{}], stages, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject(
        failed('TooLarge', 'input of prepareDataset', '12\\d{5} bytes'),
      );
    });
    expect(calls.map(([name]) => name)).not.toContain('prepareDataset');
  });

  it('as the result of a run, ends it too', async () => {
    const stages = scriptedStages([], { exportPolicy: () => ({ folder: LARGE }) });
    await runScripted(environment, 'trainingRun', [{}], stages, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject(failed('TooLarge', 'result of the run'));
    });
  });

  it('as an answer to a query, fails the query alone', async () => {
    const stages = scriptedStages([], {
      startTracking: () => ({ mlflowRunId: 'm', experimentId: '1', runUrl: LARGE }),
      writeReport: async () => ({ report: { uri: 'store:report', sha256: '0'.repeat(64), bytes: 1 } }),
    });
    await runScripted(environment, 'trainingRun', [{}], stages, async (handle) => {
      await expect.poll(() => handle.query('status').catch(String)).toContain('answer to the query status');
      await handle.terminate();
    });
  });
});

it.each(['trainingRun', 'benchmarkRun', 'datasetAnnotation'])(
  'a %s whose id is too long for names of files is refused before any work',
  async (type) => {
    const calls: CallLog = [];
    const input = type === 'datasetAnnotation' ? [{ dataset: '/a.jsonl', output: '/b.jsonl' }] : [{}];
    const workflowId = 'ä'.repeat(LONGEST_RUN_ID + 1);
    const run = runScripted(environment, type, input, scriptedStages(calls), (handle) => handle.result(), workflowId);
    await expect(run).rejects.toMatchObject(failed('InvalidInput', String(LONGEST_RUN_ID + 1), String(LONGEST_RUN_ID)));
    expect(calls).toEqual([]);
  },
);
