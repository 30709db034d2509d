import { describe, expect, it } from 'vitest';
import {
  type AttemptTrace,
  type Deaths,
  deathsBefore,
  isSuspect,
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
    const deaths = deathsBefore(i + 1, last);
    if (trace) last = { attempt: i + 1, process: `process-${i}`, ...(deaths.row > 0 && { deaths }), ...trace };
  }
  return deathsBefore(traces.length + 1, last);
}

const at = (done: number) => ({ ...GRADIENTS, done, on: 'sample a' });

describe('deaths in a row', () => {
  it('are counted at one place, which the last one names', () => {
    expect(deathsOf(at(1))).toEqual({ count: 1, row: 1, at: at(1) });
    expect(deathsOf(at(1), at(1), at(1))).toEqual({ count: 3, row: 3, at: at(1) });
    expect(deathsOf({}, {}, {})).toEqual({ count: 3, row: 3, at: undefined });
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
    expect(deathsOf(undefined, undefined, undefined)).toEqual({ count: 3, row: 3, at: undefined });
    expect(deathsOf(at(1), at(1), undefined)).toEqual({ count: 1, row: 3, at: undefined });
    expect(deathsOf({ ...at(1), ended: true }, undefined).count).toBe(1);
  });

  it('are none before the first attempt, and where an activity never sent a trace', () => {
    expect(deathsBefore(1, undefined)).toEqual({ count: 0, row: 0 });
    expect(deathsBefore(1, { ...at(1) }).count).toBe(0);
  });

  it('are not more by one that had not begun to compute, beside what ended the process', () => {
    const queued = { queued: true };
    expect(deathsOf(at(1), at(1), queued, queued)).toEqual({ count: 2, row: 2, at: at(1) });
    expect(deathsOf(queued)).toEqual({ count: 0, row: 0 });
  });

  it('are those of the activity itself where the last one computed alone', () => {
    expect(deathsOf(at(1), at(1), { ...at(1), alone: true })).toEqual({ count: 3, row: 3, at: at(1), alone: true });
    expect(deathsOf({ ...at(1), alone: true }, at(1)).alone).toBeUndefined();
  });

  it('have among them those of a thread, whose process lives on', () => {
    const dead = { ...at(1), process: undefined };
    expect(deathsOf(dead, dead, dead).count).toBe(3);
  });
});

describe('an attempt after deaths', () => {
  const activity = { name: 'updatePolicy', input: { step: 7 } };

  const alone = true;

  it('computes alone after two, wherever they were', () => {
    expect([at(1), at(2)].map((_, i, all) => isSuspect(deathsOf(...all.slice(0, i + 1))))).toEqual([false, true]);
  });

  it('goes on after two, and gives up after three, the last of them alone', () => {
    expect(() => requireAlive({ count: 2, row: 2, at: at(1), alone }, activity)).not.toThrow();
    expect(() => requireAlive({ count: 3, row: 3, at: at(1) }, activity)).not.toThrow();
    expect(() => requireAlive({ count: 3, row: 3, at: at(1), alone }, activity)).toThrow(
      refusal('WorkerDied', 'updatePolicy', 'step 7', 'gradients', 'sample a') as Error,
    );
  });

  it('gives up after twenty where it is not what ends the process, or ends it at another place each time', () => {
    expect(() => requireAlive({ count: 19, row: 19 }, activity, MOST_DEATHS_BESIDE)).not.toThrow();
    expect(() => requireAlive({ count: 20, row: 20 }, activity, MOST_DEATHS_BESIDE)).toThrow('died 20 times');
    expect(() => requireAlive({ count: 1, row: 20 }, activity, MOST_DEATHS_BESIDE)).not.toThrow();
    expect(() => requireAlive({ count: 1, row: 19, at: at(1), alone }, activity)).not.toThrow();
    expect(() => requireAlive({ count: 1, row: 20, at: at(1), alone }, activity)).toThrow('died 20 times');
  });
});
