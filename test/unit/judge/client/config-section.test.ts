import { expect, test } from 'vitest';
import { VideocapError } from '../../../../core/errors.ts';
import { named, ofSection } from '../../../../judge/client/config-section.ts';
import { JudgeError } from '../../../../judge/client/judge-error.ts';
import { eventExtraction } from '../../../../judge/questions/event-extraction.ts';
import { NO_USAGE } from '../../../../judge/usage.ts';
import { refusal } from '../../../refusal.ts';

const blocked = new JudgeError({
  kind: 'blocked',
  sentence: 'http://judge.test/v1 has no "judge.v2" (judge.model) under judge.baseUrl',
  remedy: 'set judge.model',
});

test("a fault of the benchmarks' judge names the fields of its section, and no host or model otherwise", () => {
  expect(named('benchmark.judge', blocked)).toEqual(
    refusal(
      'JudgeBlocked',
      ...['http://judge.test/v1', '"judge.v2" (benchmark.judge.model)', 'under benchmark.judge.baseUrl'],
      'set benchmark.judge.model',
    ),
  );
});

test('how long to wait stays with a fault that passes', () => {
  const busy = new JudgeError({ kind: 'unavailable', sentence: 'It is busy', retryAfterMilliseconds: 7000 });
  expect(named('benchmark.judge', busy)).toMatchObject({ code: 'Unavailable', retryAfterMilliseconds: 7000 });
});

test("faults of the run's judge, and other errors, are left as they are", () => {
  const other = new VideocapError('InvalidConfig', 'judge.model');
  expect(named('judge', blocked)).toBe(blocked);
  expect(named('benchmark.judge', other)).toBe(other);
});

test('a client of a section throws its faults under the names of that section', async () => {
  const client = { name: 'm', usage: NO_USAGE, answeredBy: [], ask: () => Promise.reject(blocked) };
  await expect(ofSection('benchmark.judge', client).ask(eventExtraction('A dog.'))).rejects.toThrow(
    '(benchmark.judge.model)',
  );
  expect(ofSection('judge', client)).toBe(client);
});
