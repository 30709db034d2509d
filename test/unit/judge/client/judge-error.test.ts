import { expect, test } from 'vitest';
import { faultText, JudgeError, type JudgeFault } from '../../../../judge/client/judge-error.ts';

const PASSES: JudgeFault = {
  kind: 'unavailable',
  sentence: 'The judge at x has an internal error',
  details: 'status 500',
};
const STAYS: JudgeFault = {
  kind: 'blocked',
  sentence: 'The judge at x has no quota left',
  remedy: 'top up the account',
};

test('a fault that passes is Unavailable, and keeps when the endpoint asked to be called again', () => {
  const error = new JudgeError({ ...PASSES, retryAfterMilliseconds: 7000 });
  expect(error).toMatchObject({ code: 'Unavailable', retryAfterMilliseconds: 7000 });
  expect(error.message).toMatch(/\(status 500\)\. It will be asked again\.$/);
});

test('a fault that stays is JudgeBlocked, with its remedy and the command that resumes the run', () => {
  const error = new JudgeError(STAYS);
  expect(error).toMatchObject({ code: 'JudgeBlocked', fault: STAYS });
  expect(error.message).toMatch(/: top up the account, .*`videocap resume`\.$/);
});

test('without a run to resume, a fault is the problem and its remedy', () => {
  expect([PASSES, STAYS].map(faultText)).toEqual([
    `${PASSES.sentence} (status 500)`,
    `${STAYS.sentence}: top up the account`,
  ]);
});
