import { describe, expect, it } from 'vitest';
import { handedBack, standingOf, traceFor } from '../../../workers/earlier-activity.ts';
import { type AttemptTrace, deathsBefore } from '../../../workers/worker-deaths.ts';

const AT = { done: 1, total: 4, what: 'gradients' };
const died = (attempt: number, more: AttemptTrace = {}): AttemptTrace => ({ ...AT, attempt, process: 'a', ...more });

/** Deaths that an attempt knows of. */
function deathsOf(attempt: number, heartbeatDetails: AttemptTrace | undefined, earlier?: unknown) {
  const { attempt: number, last } = standingOf({ attempt, heartbeatDetails }, [{}, earlier]);
  return deathsBefore(number, last).count;
}

describe('attempts that a busy worker handed back', () => {
  it('are no attempts', () => {
    const twice = handedBack(handedBack(undefined));
    expect(standingOf({ attempt: 3, heartbeatDetails: twice }, [{}])).toEqual({ attempt: 1, last: { handedBack: 2 } });
    expect(deathsOf(3, twice)).toBe(0);
  });

  it('leave the deaths before and after them counted', () => {
    // The second of three attempts was handed back.
    expect(deathsOf(3, handedBack(died(1)))).toBe(1);
    // One died before its first heartbeat, after one that was handed back.
    expect(deathsOf(3, handedBack(undefined))).toBe(1);
    expect(deathsOf(4, handedBack(died(2, { deaths: { count: 1, row: 1, at: AT } })))).toBe(2);
  });

  it('do not make a count that a user has reset negative', () => {
    expect(standingOf({ attempt: 1, heartbeatDetails: handedBack(handedBack(died(1))) }, [{}]).attempt).toBe(1);
  });
});

describe('an activity after one that its worker did not make', () => {
  const earlier = (trace?: AttemptTrace) => ({ activity: '7', ...(trace && { trace }) });

  it('counts the deaths there', () => {
    expect(deathsOf(1, undefined, earlier(died(1)))).toBe(1);
    expect(deathsOf(1, undefined, earlier(died(5, { deaths: { count: 1, row: 1, at: AT } })))).toBe(2);
    expect(deathsOf(1, undefined, earlier({ ...died(1), ended: true }))).toBe(0);
    expect(deathsOf(1, undefined, earlier())).toBe(0);
  });

  it('goes on from its own heartbeats once it has some', () => {
    expect(deathsOf(2, died(2, { deaths: { count: 1, row: 1, at: AT } }), earlier(died(1)))).toBe(2);
    expect(traceFor({ attempt: 2, heartbeatDetails: AT }, [{}, earlier(died(1))])).toBe(AT);
  });
});
