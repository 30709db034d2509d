import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../../judge/client/clock.ts';
import { RateLimit, sharedRateLimit } from '../../../../judge/client/rate-limit.ts';

/** A clock that moves only by sleeping. */
function sleepingClock(): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    sleep: async (milliseconds, signal) => {
      // A request that has just started reads the time first.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      now += milliseconds;
    },
  };
}

async function startsOf(weights: number[], limits: { requestsPerMinute?: number; tokensPerMinute?: number }) {
  const clock = sleepingClock();
  const limit = new RateLimit(clock);
  const starts: { at: number; tokens: number }[] = [];
  await Promise.all(
    weights.map(async (tokens) => {
      await limit.turn({ ...limits, tokens });
      starts.push({ at: clock.now(), tokens });
    }),
  );
  return starts;
}

describe('RateLimit', () => {
  test('without limits nothing waits', async () => {
    expect(new Set((await startsOf([1, 2, 3], {})).map(({ at }) => at)).size).toBe(1);
  });

  test('requests start evenly spread, in the order asked', async () => {
    const starts = await startsOf([1, 2, 3, 4], { requestsPerMinute: 60 });
    expect(starts.map(({ at }) => at - starts[0]!.at)).toEqual([0, 1000, 2000, 3000]);
    expect(starts.map(({ tokens }) => tokens)).toEqual([1, 2, 3, 4]);
  });

  test('in no minute more requests or tokens start than the limits allow', async () => {
    const limits = fc.record({
      requestsPerMinute: fc.integer({ min: 1, max: 50 }),
      tokensPerMinute: fc.integer({ min: 500, max: 5000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 30 }),
        limits,
        async (weights, limit) => {
          const starts = await startsOf(weights, limit);
          for (const [i, { at }] of starts.entries()) {
            const minute = starts.slice(i).filter((start) => start.at < at + 60_000 - 1e-6);
            expect(minute.length).toBeLessThanOrEqual(limit.requestsPerMinute);
            // The last one of a minute has all of the next to use up its tokens.
            const used = minute.slice(0, -1).reduce((sum, { tokens }) => sum + tokens, 0);
            expect(used).toBeLessThanOrEqual(limit.tokensPerMinute);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test('an estimate that was too high gives the time back', async () => {
    const clock = sleepingClock();
    const limit = new RateLimit(clock);
    const start = clock.now();
    const load = { tokensPerMinute: 6000, tokens: 1000 };
    await limit.turn(load);
    limit.correct(load, 100);
    await limit.turn(load);
    expect(clock.now() - start).toBe(1000);
  });

  test('who gives up leaves the line, and takes nothing of the limit', async () => {
    const clock = sleepingClock();
    const limit = new RateLimit(clock);
    const start = clock.now();
    const load = { requestsPerMinute: 1, tokens: 0 };
    await limit.turn(load);
    await expect(limit.turn(load, AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
    await limit.turn(load);
    expect(clock.now() - start).toBe(60_000);
  });

  test('is one for everything that asks the same endpoint', () => {
    const clock = sleepingClock();
    expect(sharedRateLimit('http://a m', clock)).toBe(sharedRateLimit('http://a m', clock));
    expect(sharedRateLimit('http://a m', clock)).not.toBe(sharedRateLimit('http://a n', clock));
  });
});
