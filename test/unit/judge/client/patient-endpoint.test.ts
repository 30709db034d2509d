import { expect, test } from 'vitest';
import { JudgeError } from '../../../../judge/client/judge-error.ts';
import type { Exchange, LlmEndpoint } from '../../../../judge/client/llm-client.ts';
import { PatientEndpoint, startOutageClock } from '../../../../judge/client/patient-endpoint.ts';
import { eventExtraction } from '../../../../judge/questions/event-extraction.ts';
import { refusal } from '../../../refusal.ts';

const QUESTION = eventExtraction('A dog runs.');
const DOWN = new JudgeError({
  kind: 'unavailable',
  sentence: 'The judge at x has an internal error',
  details: 'status 500',
  retryAfterMilliseconds: 7000,
});

/** An endpoint and a clock that the test drives. */
function patient(seconds: number) {
  const clock = { milliseconds: 1_000_000, now: () => clock.milliseconds };
  let next: Error | undefined;
  const endpoint: LlmEndpoint = {
    name: 'm',
    identity: () => ({}),
    ask: async <T>() => {
      if (next) throw next;
      return { outcome: { unscorable: true, reason: 'refused' }, attempts: [] } satisfies Exchange<T>;
    },
  };
  const client = new PatientEndpoint(endpoint, seconds, startOutageClock(clock), clock);
  return {
    pass: (after: number) => {
      clock.milliseconds += after * 1000;
    },
    ask: (error?: Error) => {
      next = error;
      return client.ask(QUESTION);
    },
  };
}

test('a fault that passes is to be tried again until judge.patienceSeconds are over', async () => {
  const { ask, pass } = patient(60);
  for (const seconds of [0, 30, 29]) {
    pass(seconds);
    await expect(ask(DOWN)).rejects.toBe(DOWN);
  }
});

test('after judge.patienceSeconds without an answer, the run needs a person', async () => {
  const { ask, pass } = patient(60);
  pass(60);
  const fault = 'The judge at x has an internal error (status 500)';
  await expect(ask(DOWN)).rejects.toThrow(refusal('JudgeBlocked', '60 s', 'judge.patienceSeconds is 60', fault));
});

test('every answer, even a refusal, starts the wait anew', async () => {
  const { ask, pass } = patient(60);
  pass(59);
  await ask();
  pass(59);
  await expect(ask(DOWN)).rejects.toBe(DOWN);
});

test('a fault that needs a person, and a defect, are thrown as they are', async () => {
  const { ask, pass } = patient(60);
  pass(100);
  for (const error of [
    new JudgeError({ kind: 'blocked', sentence: 'No key', remedy: 'set one' }),
    new TypeError('a defect'),
  ])
    await expect(ask(error)).rejects.toBe(error);
});
