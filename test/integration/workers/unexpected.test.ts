import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporal } from '../temporal-server.ts';
import { runOneActivity } from './run-one-activity.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTemporal();
});
afterAll(() => environment?.teardown());

/** An activity whose attempts end like this, one after another, and which then succeeds. */
function script(...outcomes: Error[]) {
  return async () => {
    const { attempt } = Context.current().info;
    const outcome = outcomes[attempt - 1];
    if (outcome) throw outcome;
    return attempt;
  };
}
const times = (count: number, error: Error) => Array<Error>(count).fill(error);
const outage = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' });
const defect = new TypeError('x is not a function');

// At the same time: most of theirs is waiting for the next attempt.
describe.concurrent('unexpected errors', () => {
  it('are counted apart from an outage before them', async () => {
    expect(await runOneActivity(environment, script(...times(8, outage), ...times(4, defect)))).toBe(13);
  });

  it('are counted anew after an outage', async () => {
    expect(await runOneActivity(environment, script(...times(4, defect), outage, ...times(4, defect)))).toBe(10);
  });

  it('end the run after five in a row', async () => {
    const failed = runOneActivity(environment, script(outage, ...times(5, defect)));
    await expect(failed).rejects.toMatchObject({
      cause: { cause: { type: 'UnexpectedError', message: 'x is not a function' } },
    });
  });
});
