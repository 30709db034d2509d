import { describe, expect, it } from 'vitest';
import {
  type AttemptTrace,
  type Deaths,
  deathsBefore,
  MOST_DEATHS_BESIDE,
  PROCESS,
  requireAlive,
} from '../../../workers/worker-deaths.ts';
import { refusal } from '../../refusal.ts';

const GRADIENTS = { what: 'gradients', total: 4 };

/** Plays attempts, each of which leaves a trace, or none; gives the deaths that the attempt after them knows of. */
function deathsOf(...traces: (AttemptTrace | undefined)[]): Deaths {
  let last: AttemptTrace | undefined;
  for (const [i, trace] of traces.entries()) {
    const { count, at } = deathsBefore(i + 1, last);
    if (trace)
      last = { attempt: i + 1, process: `process-${i}`, deaths: count > 0 ? { count, at } : undefined, ...trace };
  }
  return deathsBefore(traces.length + 1, last);
}

const at = (done: number) => ({ ...GRADIENTS, done, on: 'sample a' });

describe('deaths in a row', () => {
  it('are counted at one place, which the last one names', () => {
    expect(deathsOf(at(1))).toEqual({ count: 1, at: at(1) });
    expect(deathsOf(at(1), at(1), at(1))).toEqual({ count: 3, at: at(1) });
    expect(deathsOf({}, {}, {})).toEqual({ count: 3, at: undefined });
  });

  it.each([
    ['an attempt that got further', [at(1), at(1), at(2)], 1],
    ['one that did not get as far', [at(2), at(2), at(1)], 1],
    ['one that had not begun to work', [at(1), at(1), {}], 1],
    ['one that ended by itself, as a worker that takes leave does', [at(1), at(1), { ...at(1), ended: true }], 0],
    ['one whose process lives: this one, which had slept', [at(1), at(1), { ...at(1), process: PROCESS }], 0],
  ])('begin anew after %s', (_, traces, count) => {
    expect(deathsOf(...traces).count).toBe(count);
    expect(deathsOf(...traces, at(3)).count).toBe(1);
  });

  it('have among them attempts that died before their first heartbeat', () => {
    expect(deathsOf(undefined).count).toBe(1);
    expect(deathsOf(undefined, undefined, undefined)).toEqual({ count: 3, at: undefined });
    expect(deathsOf(at(1), at(1), undefined)).toEqual({ count: 1, at: undefined });
    expect(deathsOf({ ...at(1), ended: true }, undefined).count).toBe(1);
  });

  it('are none before the first attempt, and where an activity never sent a trace', () => {
    expect(deathsBefore(1, undefined)).toEqual({ count: 0 });
    expect(deathsBefore(1, { ...at(1) }).count).toBe(0);
  });

  it('have among them those of a thread, whose process lives on', () => {
    const dead = { ...at(1), process: undefined };
    expect(deathsOf(dead, dead, dead).count).toBe(3);
  });
});

describe('an attempt after deaths', () => {
  const activity = { name: 'updatePolicy', input: { step: 7 } };

  it('goes on after two, and gives up after three', () => {
    expect(() => requireAlive({ count: 2, at: at(1) }, activity)).not.toThrow();
    expect(() => requireAlive({ count: 19 }, activity, MOST_DEATHS_BESIDE)).not.toThrow();
    expect(() => requireAlive({ count: 20 }, activity, MOST_DEATHS_BESIDE)).toThrow('died 20 times');
    expect(() => requireAlive({ count: 3, at: at(1) }, activity)).toThrow(
      refusal('WorkerDied', 'updatePolicy', 'step 7', 'gradients', 'sample a') as Error,
    );
  });
});
