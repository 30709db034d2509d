import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../../judge/client/clock.ts';
import { RateLimit, sharedRateLimit } from '../../../../judge/client/rate-limit.ts';
import { refusal } from '../../../refusal.ts';

/** A clock that moves only by sleeping, and wakes up late. */
function sleepingClock(late: () => number = () => 0): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    sleep: async (milliseconds, signal) => {
      // A request that has just started reads the time first.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      now += milliseconds + late();
    },
  };
}

interface Limits {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
}

/** When requests of these weights start, all asked for at once, at one of so many workers. */
async function startsOf(weights: number[], limits: Limits, { workers = 1, clock = sleepingClock() } = {}) {
  const limit = new RateLimit(clock, () => workers);
  const starts: { at: number; tokens: number }[] = [];
  await Promise.all(
    weights.map(async (tokens) => {
      await limit.turn({ ...limits, tokens });
      starts.push({ at: clock.now(), tokens });
    }),
  );
  return starts;
}

const TOO_MANY = { kind: 'unavailable', sentence: 'The judge asks for fewer requests' } as const;

describe('RateLimit', () => {
  test('without limits nothing waits', async () => {
    expect(new Set((await startsOf([1, 2, 3], {})).map(({ at }) => at)).size).toBe(1);
  });

  test('requests start evenly spread over a minute and a second, in the order asked', async () => {
    const starts = await startsOf([1, 2, 3, 4], { requestsPerMinute: 61 });
    expect(starts.map(({ at }) => at - starts[0]!.at)).toEqual([0, 1000, 2000, 3000]);
    expect(starts.map(({ tokens }) => tokens)).toEqual([1, 2, 3, 4]);
  });

  test('in no minute more requests or tokens start at all workers together than the limits allow', async () => {
    const limits = fc.record({
      requestsPerMinute: fc.integer({ min: 4, max: 50 }),
      tokensPerMinute: fc.integer({ min: 2000, max: 5000 }),
    });
    const weights = fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 30 });
    const workers = fc.array(weights, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(workers, limits, fc.integer({ min: 0, max: 300 }), async (all, limit, late) => {
        let turn = 0;
        const clock = () => sleepingClock(() => (late * (turn++ % 7)) / 7);
        const of = await Promise.all(all.map((each) => startsOf(each, limit, { workers: all.length, clock: clock() })));
        const starts = of.flat().sort((a, b) => a.at - b.at);
        for (const [i, { at }] of starts.entries()) {
          const minute = starts.slice(i).filter((start) => start.at < at + 60_000);
          expect(minute.length).toBeLessThanOrEqual(limit.requestsPerMinute);
          expect(minute.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(limit.tokensPerMinute);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('timers that are late do not slow the pace', async () => {
    const starts = await startsOf(Array(61).fill(1), { requestsPerMinute: 610 }, { clock: sleepingClock(() => 40) });
    expect(starts.at(-1)!.at - starts[0]!.at).toBeLessThan(6200);
  });

  test('a request larger than all of the part of a worker goes alone', async () => {
    const starts = await startsOf([10, 2000, 10], { tokensPerMinute: 2000 }, { workers: 2 });
    expect(starts.map(({ at }) => at - starts[0]!.at)).toEqual([0, 61_000, 183_000]);
  });

  test('more workers than requests a minute cannot share the limit', async () => {
    await expect(startsOf([1], { requestsPerMinute: 3 }, { workers: 4 })).rejects.toThrow(
      refusal('JudgeBlocked', 'judge.requestsPerMinute is 3', '4 workers', '--judge-workers') as Error,
    );
  });

  test('an estimate that was too high gives the time back', async () => {
    const clock = sleepingClock();
    const limit = new RateLimit(clock);
    const start = clock.now();
    const load = { tokensPerMinute: 6100, tokens: 1000 };
    limit.correct(load, await limit.turn(load), 100);
    await limit.turn(load);
    expect(clock.now() - start).toBe(1000);
  });

  test('an asker that gives up leaves the line, and takes nothing of the limit', async () => {
    const clock = sleepingClock();
    const limit = new RateLimit(clock);
    const start = clock.now();
    const load = { requestsPerMinute: 1, tokens: 0 };
    await limit.turn(load);
    await expect(limit.turn(load, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    await limit.turn(load);
    expect(clock.now() - start).toBe(61_000);
  });

  test('a short pause that the endpoint wants is made by all, limits or not', async () => {
    const clock = sleepingClock();
    const limit = new RateLimit(clock);
    const start = clock.now();
    limit.hold(2000, TOO_MANY);
    limit.hold(500, TOO_MANY);
    await Promise.all([limit.turn({ tokens: 1 }), limit.turn({ tokens: 1, requestsPerMinute: 600 })]);
    expect(clock.now() - start).toBe(2000);
  });

  test('a long one ends what waits and what comes, with the rest of the time', async () => {
    const clock = sleepingClock();
    const limit = new RateLimit(clock);
    const load = { requestsPerMinute: 1, tokens: 0 };
    await limit.turn(load);
    const waiting = limit.turn(load);
    limit.hold(60_000, TOO_MANY);
    await expect(waiting).rejects.toMatchObject({
      code: 'Unavailable',
      retryAfterMilliseconds: expect.closeTo(60_000, -3),
    });
    await clock.sleep(30_000);
    await expect(limit.turn({ tokens: 1 })).rejects.toMatchObject({
      retryAfterMilliseconds: expect.closeTo(30_000, -3),
    });
    await clock.sleep(30_000);
    await limit.turn({ tokens: 1 });
  });

  test('is one for everything that asks the same endpoint', () => {
    const clock = sleepingClock();
    expect(sharedRateLimit('http://a m', clock)).toBe(sharedRateLimit('http://a m', clock));
    expect(sharedRateLimit('http://a m', clock)).not.toBe(sharedRateLimit('http://a n', clock));
  });
});
