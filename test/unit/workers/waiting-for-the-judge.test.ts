import type { Context } from '@temporalio/activity';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CurrentAttempt } from '../../../workers/current-attempt.ts';

// What an activity tells its workflow while the judge does not answer.

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

function attempt(heartbeatDetails?: unknown) {
  const signals: unknown[][] = [];
  const beats: unknown[] = [];
  const context = {
    info: {
      activityId: '7',
      workflowExecution: { workflowId: 'w', runId: 'r' },
      heartbeatTimeoutMs: 0,
      scheduledTimestampMs: 0,
      heartbeatDetails,
    },
    cancellationSignal: new AbortController().signal,
    client: { workflow: { getHandle: () => ({ signal: async (...said: unknown[]) => void signals.push(said) }) } },
    heartbeat: (beat: unknown) => beats.push(beat),
    log: { warn: () => {} },
  };
  return { current: new CurrentAttempt(context as unknown as Context), signals, beats };
}

test('the first reason since the last answer is signalled once, after five seconds; an answer withdraws it', () => {
  const { current, signals } = attempt();
  current.waits('it has an internal error');
  current.tellWaiting();
  expect(signals).toEqual([]);
  vi.advanceTimersByTime(5000);
  current.waits('it asks for fewer requests');
  current.tellWaiting();
  current.tellWaiting({ now: true });
  expect(signals).toEqual([['judgeWaits', { why: 'it has an internal error', since: 1_000_000 }, '7']]);
  current.answered();
  current.answered();
  expect(signals.slice(1)).toEqual([['judgeWaits', null, '7']]);
});

test('an attempt that fails tells it at once, and the next attempt knows of it', () => {
  const { current, signals, beats } = attempt();
  current.waits('it is away');
  current.tellWaiting({ now: true });
  current.heartbeat();
  expect(signals).toHaveLength(1);
  const next = attempt(beats.at(-1));
  vi.advanceTimersByTime(60_000);
  next.current.waits('it is away');
  next.current.tellWaiting({ now: true });
  expect(next.signals).toEqual([]);
  next.current.answered();
  expect(next.signals).toEqual([['judgeWaits', null, '7']]);
});

test('a judge that answers is not waited for', () => {
  const { current, signals } = attempt();
  current.answered();
  current.tellWaiting({ now: true });
  expect(signals).toEqual([]);
});

test.each(['captioner', 'rollout server'] as const)('what is waited for is named where it is a %s', (of) => {
  const { current, signals } = attempt();
  current.waits('it is away', of);
  current.tellWaiting({ now: true });
  expect(signals).toEqual([['judgeWaits', { why: 'it is away', since: 1_000_000, of }, '7']]);
});
