import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TerminatedFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { withSentence } from '../../../workflows/failure-sentence.ts';

const inActivity = (cause: Error) =>
  new ActivityFailure('Activity task failed', 'updatePolicy', '5', 'NON_RETRYABLE_FAILURE', 'worker', cause);

it('brings the sentence and the type of the innermost cause to the top, and keeps what was around it', () => {
  const failure = inActivity(ApplicationFailure.nonRetryable('Set JUDGE_KEY.', 'JudgeBlocked'));
  expect(withSentence(failure)).toMatchObject({
    ...{ message: 'Set JUDGE_KEY.', type: 'JudgeBlocked', nonRetryable: true },
    cause: failure,
  });
  const ofChild = new ChildWorkflowFailure(
    'default',
    { workflowId: 'w', runId: 'r' },
    'trainingRun',
    'TIMEOUT',
    failure,
  );
  expect(withSentence(ofChild)).toMatchObject({ message: 'Set JUDGE_KEY.', type: 'JudgeBlocked', cause: ofChild });
});

it('leaves a failure as it is that has its own sentence, and one that no activity has thrown', () => {
  const own = ApplicationFailure.nonRetryable('Wrong run input.', 'InvalidRunInput');
  expect(withSentence(own)).toBe(own);
  const terminated = inActivity(new TerminatedFailure('terminated'));
  expect(withSentence(terminated)).toBe(terminated);
});
