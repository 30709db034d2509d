import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { naming } from '../../refusal.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted, scriptedWorkers } from './run-scripted.ts';
import { scriptedStages, updated } from './scripted-stages.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
}, 60_000);
afterAll(() => environment?.teardown());

const payload = (encoding: string | undefined, data: string) => ({
  ...(encoding !== undefined && { metadata: { encoding: Buffer.from(encoding) } }),
  data: Buffer.from(data),
});
const send = (workflowId: string, signalName: string, ...payloads: ReturnType<typeof payload>[]) =>
  environment.client.workflowService.signalWorkflowExecution({
    ...{ namespace: 'default', workflowExecution: { workflowId }, signalName, input: { payloads } },
  });

/** What a run's page says after it was sent these, while its first step waits for them. */
async function sent(send: (workflowId: string) => Promise<unknown>) {
  let handle: { workflowId: string } | undefined;
  const updatePolicy = async ({ step }: { step: number }) => {
    await expect.poll(() => handle).toBeDefined();
    if (step === 1) await send(handle!.workflowId);
    return updated(step);
  };
  return runScripted(environment, 'trainingRun', [{}], scriptedStages([], { updatePolicy }), async (started) => {
    handle = started;
    const { steps } = (await started.result()) as RunSummary;
    const { events = [] } = await started.fetchHistory();
    const failures = events!.filter((event) => event.workflowTaskFailedEventAttributes).length;
    const { currentDetails } = await started.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    return { steps, failures, currentDetails };
  });
}

describe('a signal that a run cannot use is ignored with a warning on its page, and the run goes on', () => {
  it.each([
    ['JSON that is cut', 'pause', [payload('json/plain', '{"a":')], 'unreadable pause'],
    ['an encoding that no worker has', 'stop', [payload('binary/encrypted', 'x')], 'unreadable stop'],
    ['no encoding', 'resume', [payload(undefined, 'x')], 'unreadable resume'],
    ['a name that no run knows', 'setEverything', [payload('json/plain', '5')], 'setEverything'],
    ['a name of Temporal’s own', '__temporal_anything', [], 'unreadable __temporal_anything'],
    ['a name with markup, far too long', `<b>**${'x'.repeat(900)}`, [], '?b???xxx'],
    ['a wrong kind of what activities say', 'judgeWaits', [payload('json/plain', '{"why": 5}')], 'judgeWaits'],
    ['a moment that no clock shows', 'judgeWaits', [payload('json/plain', '{"why":"x","since":1e300}')], 'judgeWaits'],
  ])('%s', async (_, name, payloads, shown) => {
    const { steps, failures, currentDetails } = await sent((run) => send(run, name, ...payloads));
    expect({ steps, failures }).toEqual({ steps: 2, failures: 0 });
    expect(currentDetails).toEqual(naming(`"${shown}`, 'ignored', 'pause', 'stop', 'setLimits', 'status'));
    expect(currentDetails.length).toBeLessThan(2000);
  });

  it('and one that it can use, whatever comes with it, is not', async () => {
    const huge = payload('json/plain', JSON.stringify('x'.repeat(1_000_000)));
    const { steps, failures, currentDetails } = await sent((run) => send(run, 'resume', huge));
    expect({ steps, failures }).toEqual({ steps: 2, failures: 0 });
    expect(currentDetails).not.toContain('ignored');
  });
});

it('an input that cannot be read ends the run in one sentence', async () => {
  const { taskQueue } = await scriptedWorkers(environment);
  await environment.client.workflowService.startWorkflowExecution({
    ...{ namespace: 'default', workflowId: 'unreadable', requestId: 'once', taskQueue: { name: taskQueue } },
    ...{ workflowType: { name: 'trainingRun' }, input: { payloads: [payload('json/plain', '{"config":')] } },
  });
  await expect(environment.client.workflow.getHandle('unreadable').result()).rejects.toMatchObject({
    cause: { type: 'InvalidRunInput', message: naming('Wrong run input', '"quickstart"') },
  });
});
