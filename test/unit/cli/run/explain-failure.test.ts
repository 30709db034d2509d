import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { explainFailure } from '../../../../cli/run/explain-failure.ts';

const failed = (cause: Error) => new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
const inActivity = (cause: Error) =>
  new ActivityFailure('Activity task failed', 'judgeCaptions', '5', 'NON_RETRYABLE_FAILURE', 'worker', cause);

it("gives the innermost cause's own sentence", () => {
  const cause = ApplicationFailure.nonRetryable('OPENAI_API_KEY is wrong.', 'JudgeAuth');
  expect(explainFailure(failed(inActivity(cause)), 'run-1').message).toBe(
    'Run run-1 failed (JudgeAuth): OPENAI_API_KEY is wrong.',
  );
});

it('distinguishes a cancelled run from a failed one', () => {
  expect(explainFailure(failed(new CancelledFailure('cancelled')), 'run-1').message).toBe('Run run-1 was cancelled.');
});

it('leaves other errors alone', () => {
  const other = new TypeError('a defect');
  expect(explainFailure(other, 'run-1')).toBe(other);
});
