import { expect, test } from 'vitest';
import { VideocapError } from '../../../../core/errors.ts';
import { PatientEndpoint, waitingFromNow } from '../../../../judge/client/patient-endpoint.ts';
import { eventExtraction } from '../../../../judge/questions/event-extraction.ts';
import type { Endpoint, Exchange } from '../../../../judge/questions/question.ts';

const QUESTION = eventExtraction('A dog runs.');
const DOWN = new VideocapError('Unavailable', 'The judge at x is in trouble (status 500). It will be asked again.', {
  retryAfterMilliseconds: 7000,
});

/** An endpoint of which one says what it does next, and a clock that one turns. */
function patient(seconds: number) {
  const clock = { milliseconds: 1_000_000, now: () => clock.milliseconds };
  let next: Error | undefined;
  const endpoint: Endpoint = {
    name: 'm',
    identity: () => ({}),
    ask: async <T>() => {
      if (next) throw next;
      return { outcome: { unscorable: true, reason: 'refused' }, attempts: [] } satisfies Exchange<T>;
    },
  };
  const asker = new PatientEndpoint(endpoint, seconds, waitingFromNow(clock), clock);
  return {
    pass: (after: number) => {
      clock.milliseconds += after * 1000;
    },
    ask: (error?: Error) => {
      next = error;
      return asker.ask(QUESTION);
    },
  };
}

test('a fault that passes is to be tried again, while there is patience', async () => {
  const { ask, pass } = patient(60);
  for (const seconds of [0, 30, 29]) {
    pass(seconds);
    await expect(ask(DOWN)).rejects.toBe(DOWN);
  }
});

test('when patience is at its end, a person must look', async () => {
  const { ask, pass } = patient(60);
  pass(60);
  await expect(ask(DOWN)).rejects.toMatchObject({
    code: 'JudgeBlocked',
    message:
      'No answer has come for 60 s, and judge.patienceSeconds is 60. The judge at x is in trouble (status 500). Look after the endpoint, then `videocap resume`.',
  });
});

test('every answer, even a refusal, starts the wait anew', async () => {
  const { ask, pass } = patient(60);
  pass(59);
  await ask();
  pass(59);
  await expect(ask(DOWN)).rejects.toBe(DOWN);
});

test('what a person must mend needs no patience; defects are nobody’s patience', async () => {
  const { ask, pass } = patient(60);
  pass(100);
  for (const error of [new VideocapError('JudgeBlocked', 'key'), new TypeError('a defect')])
    await expect(ask(error)).rejects.toBe(error);
});
