import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runsOf, type SweepPlan } from '../../../contracts/sweep-plan.ts';
import { uniformAt } from '../../../core/random.ts';
import type { SweepSnapshot } from '../../../workflows/sweep-snapshot.ts';
import { SweepState } from '../../../workflows/sweep-state.ts';
import { sweepOutcomes, sweepStatus } from '../../../workflows/sweep-view.ts';

const details = { uri: 'store:d', sha256: '0'.repeat(64), bytes: 1 };
const FINISHED = { state: 'finished' as const, step: 2, details, score: 50, isLimited: false };
const arm = (name: string, more: object = {}) => ({ name, set: {}, seeds: [1], calls: 0, steps: 8, ...more });

function sweepOf(plan: Partial<SweepPlan>, snapshot: Partial<SweepSnapshot> = {}): SweepState {
  return new SweepState({
    ...{ runKey: 'sweep-0a1b2c3d', startTime: 0, runs: {}, pausedArms: [] },
    plan: {
      ...{ name: 's', config: 'quickstart', set: {}, metric: 'eventF1', reference: 'sft', concurrency: 9, budget: {} },
      ...{ conditions: [{ name: 'all', set: {} }], arms: [arm('sft'), arm('grpo')], ...plan },
    },
    ...snapshot,
  });
}

/** Starts all that may start. */
function started(sweep: SweepState): string[] {
  const ids: string[] = [];
  for (let next = sweep.next(); next; next = sweep.next()) ids.push(next.id);
  return ids;
}

describe('the runs of a sweep', () => {
  test('are arms x conditions x seeds, the first seeds first; an arm overrides its condition, that the sweep', () => {
    const { snapshot } = sweepOf({
      set: { a: 0, b: 0, c: 0 },
      conditions: [
        { name: 'exact', set: { b: 1, c: 1 } },
        { name: 'few', set: {} },
      ],
      arms: [arm('sft', { seeds: [1, 2] }), arm('grpo', { set: { c: 2 } })],
    });
    const runs = runsOf(snapshot.plan);
    expect(runs.map(({ id }) => id)).toEqual([
      ...['sft.exact.s1', 'grpo.exact.s1', 'sft.few.s1', 'grpo.few.s1', 'sft.exact.s2', 'sft.few.s2'],
    ]);
    expect(runs[1]!.overrides).toEqual({ a: 0, b: 1, c: 2, seed: 1, name: 's' });
  });

  test('start up to the concurrency, and further ones as runs end', () => {
    const sweep = sweepOf({ concurrency: 1 });
    expect(started(sweep)).toEqual(['sft.all.s1']);
    sweep.ended('sft.all.s1', { state: 'failed', reason: 'no memory' });
    expect(started(sweep)).toEqual(['grpo.all.s1']);
    sweep.ended('grpo.all.s1', FINISHED);
    expect(sweep.finished).toBe(true);
    expect(sweepOutcomes(sweep).map(({ state, reason }) => [state, reason])).toEqual([
      ['failed', 'no memory'],
      ['finished', undefined],
    ]);
  });

  test('that start from another arm wait for its checkpoint, and are skipped without one, to the last', () => {
    const arms = [arm('last', { after: 'grpo' }), arm('grpo', { after: 'sft' }), arm('sft')];
    const sweep = sweepOf({ arms });
    expect(started(sweep)).toEqual(['sft.all.s1']);
    sweep.ended('sft.all.s1', FINISHED);
    expect(sweep.next()?.overrides['policy.model']).toBe('run:sweep-0a1b2c3d.sft.all.s1@2');
    const broken = sweepOf({ arms });
    started(broken);
    broken.ended('sft.all.s1', { state: 'stopped', reason: 'a user' });
    expect(started(broken)).toEqual([]);
    expect(sweepOutcomes(broken).map(({ state }) => state)).toEqual(['skipped', 'skipped', 'stopped']);
    expect(broken.finished).toBe(true);
  });
});

describe('messages', () => {
  test('a paused arm starts nothing until it is resumed; others go on', () => {
    const sweep = sweepOf({});
    sweep.pauseArm('sft', true);
    expect(started(sweep)).toEqual(['grpo.all.s1']);
    expect(sweep.finished).toBe(false);
    sweep.pauseArm('sft', false);
    expect(started(sweep)).toEqual(['sft.all.s1']);
  });

  test('a stopped arm ends; what of it runs is named', () => {
    const sweep = sweepOf({ concurrency: 1, arms: [arm('sft', { seeds: [1, 2] }), arm('grpo')] });
    started(sweep);
    expect(sweep.stopArm('sft').map(({ id }) => id)).toEqual(['sft.all.s1']);
    sweep.ended('sft.all.s1', { state: 'stopped', reason: 'a user' });
    expect(started(sweep)).toEqual(['grpo.all.s1']);
    expect(sweepOutcomes(sweep).map(({ state }) => state)).toEqual(['stopped', 'skipped', 'skipped']);
  });

  test('an added arm has a run for every condition and seed', () => {
    const sweep = sweepOf({
      conditions: [
        { name: 'exact', set: {} },
        { name: 'few', set: {} },
      ],
    });
    started(sweep);
    sweep.add(arm('gspo', { seeds: [3] }));
    expect(started(sweep)).toEqual(['gspo.exact.s3', 'gspo.few.s3']);
  });

  test('pause holds everything that has not started; stop gives it up', () => {
    const sweep = sweepOf({ concurrency: 1 });
    started(sweep);
    sweep.paused = true;
    sweep.ended('sft.all.s1', FINISHED);
    expect(started(sweep)).toEqual([]);
    expect(sweepStatus(sweep).stage).toBe('paused');
    sweep.stop();
    expect(sweep.finished).toBe(true);
  });
});

describe('the budget over all arms', () => {
  const asks = (name: string) => arm(name, { calls: 100 });

  test('is shared by the runs that may go at once, and never exceeded together', () => {
    const sweep = sweepOf({ budget: { usd: 8, calls: 401 }, arms: [asks('a'), asks('b'), asks('c')], concurrency: 2 });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 4, judgeBudgetCalls: 200 });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 4, judgeBudgetCalls: 201 });
    expect(sweep.next()).toBeUndefined();
  });

  test('one run at a time has all that is left; what a run leaves is there for the others', () => {
    const sweep = sweepOf({ budget: { usd: 8 }, arms: [asks('a'), asks('b')], concurrency: 1 });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 8 });
    sweep.ended('a.all.s1', { ...FINISHED, spent: { usd: 0.5, calls: 20 } });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 7.5 });
  });

  test('of a run that failed, the whole share counts as spent; without a rest, no run starts that asks', () => {
    const arms = [asks('a'), arm('silent'), asks('b')];
    const sweep = sweepOf({ budget: { calls: 2 }, arms, concurrency: 1 });
    started(sweep);
    sweep.ended('a.all.s1', { state: 'failed', reason: 'no memory' });
    expect(started(sweep)).toEqual(['silent.all.s1']);
    sweep.ended('silent.all.s1', FINISHED);
    expect(started(sweep)).toEqual([]);
    expect(sweepOutcomes(sweep).map(({ state }) => state)).toEqual(['failed', 'finished', 'skipped']);
  });

  test('a resumed sweep counts what its runs had spent before, and looks up those that had finished', () => {
    const spentBefore = { 'a.all.s1': { usd: 2, calls: 40 }, 'b.all.s1': { usd: 5, calls: 90 } };
    const arms = [asks('a'), asks('b'), asks('c')];
    const sweep = sweepOf({ budget: { usd: 8 }, arms, concurrency: 1 }, { spentBefore });
    // 1 USD is left of 8; a keeps its 2.
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 3 });
    sweep.ended('a.all.s1', { ...FINISHED, spent: { usd: 3, calls: 60 } });
    expect(sweep.next()).toMatchObject({ id: 'b.all.s1', limits: { judgeBudgetUsd: 5 } });
    sweep.ended('b.all.s1', { ...FINISHED, spent: { usd: 5, calls: 90 } });
    expect(started(sweep)).toEqual([]);
    expect(sweepOutcomes(sweep).map(({ state }) => state)).toEqual(['finished', 'finished', 'skipped']);
  });

  test('runs that ask no language model need none', () => {
    expect(sweepOf({ budget: { usd: 1 }, arms: [arm('sft')] }).next()?.limits).toBeUndefined();
  });
});

describe('successive halving', () => {
  const arms = ['sft', 'a', 'b', 'c', 'd'].map((name) => arm(name));
  const halving = { atSteps: [2, 4], keep: 0.5, stopped: [] };
  const limited = (score: number) => ({ ...FINISHED, score, isLimited: true });
  const stepsOf = (sweep: SweepState, id: string) => {
    const next = sweep.next();
    expect(next?.id).toBe(id);
    return next?.limits?.maxSteps;
  };

  /** Plays to the first cut. */
  function cut(more: Partial<SweepPlan> = {}): SweepState {
    const sweep = sweepOf({ arms, halving, ...more });
    expect(started(sweep)).toHaveLength(5);
    const scores = { sft: 1, a: 60, b: 50, c: 40, d: 30 };
    for (const [name, score] of Object.entries(scores)) sweep.ended(`${name}.all.s1`, limited(score));
    return sweep;
  }

  test('the best arms go on, the reference arm always; the others end early', () => {
    const sweep = cut();
    expect(stepsOf(sweep, 'sft.all.s1')).toBe(4);
    expect(started(sweep)).toEqual(['a.all.s1', 'b.all.s1', 'c.all.s1']);
    expect(sweepOutcomes(sweep).at(-1)).toMatchObject({ arm: 'd', state: 'early', run: 'sweep-0a1b2c3d.d.all.s1' });
    const later = { sft: 1, a: 20, b: 10, c: 90 };
    for (const [name, score] of Object.entries(later)) sweep.ended(`${name}.all.s1`, limited(score));
    expect(stepsOf(sweep, 'sft.all.s1')).toBe(8); // all of its steps, over the limit before
    expect(started(sweep)).toEqual(['a.all.s1', 'c.all.s1']);
    for (const name of ['sft', 'a', 'c']) sweep.ended(`${name}.all.s1`, FINISHED);
    expect(sweep.finished).toBe(true);
    expect(sweepOutcomes(sweep).map(({ state }) => state)).toEqual([
      ...['finished', 'finished', 'early', 'finished', 'early'],
    ]);
  });

  test('a run of fewer steps is made whole, and takes part in no choice', () => {
    const sweep = sweepOf({ arms: [arm('sft'), arm('base', { steps: 0 })], halving });
    expect(stepsOf(sweep, 'sft.all.s1')).toBe(2);
    expect(stepsOf(sweep, 'base.all.s1')).toBe(0);
  });

  test('compares arms with the same condition and seed: one that misses the hard ones has no advantage', () => {
    const conditions = ['easy', 'hard'].map((name) => ({ name, set: {} }));
    const sweep = sweepOf({ arms: [arm('sft'), arm('a'), arm('b')], conditions, halving: { ...halving, keep: 0.3 } });
    started(sweep);
    sweep.ended('sft.easy.s1', limited(80));
    sweep.ended('a.easy.s1', limited(82));
    sweep.ended('b.easy.s1', limited(81));
    sweep.ended('sft.hard.s1', limited(20));
    sweep.ended('a.hard.s1', limited(30));
    sweep.ended('b.hard.s1', { state: 'failed', reason: 'no memory' });
    expect(started(sweep)).toEqual(['sft.easy.s1', 'a.easy.s1', 'sft.hard.s1', 'a.hard.s1']);
  });

  test('an arm that others start from goes on, and they start when it has finished', () => {
    const [sft, a, b, c] = arms;
    const then = arm('then', { after: 'c' });
    const sweep = sweepOf({ arms: [sft!, a!, b!, c!, then], halving: { ...halving, atSteps: [2] } });
    expect(started(sweep)).toHaveLength(4);
    for (const [i, name] of ['sft', 'a', 'b', 'c'].entries()) sweep.ended(`${name}.all.s1`, limited(9 - i));
    expect(started(sweep)).toEqual(['sft.all.s1', 'a.all.s1', 'c.all.s1']);
    sweep.ended('c.all.s1', FINISHED);
    expect(started(sweep)).toEqual(['then.all.s1']);
  });

  test('an execution that continues the sweep stops the same arms', () => {
    const { plan } = cut();
    const first = cut();
    started(first);
    const again = sweepOf(first.plan);
    expect(plan.halving!.stopped).toEqual([]); // nothing was asked to start
    expect(started(again)).toEqual(started(sweepOf({ ...first.plan })));
    expect(sweepOutcomes(again).at(-1)).toMatchObject({ arm: 'd', state: 'early' });
  });

  test('counts what a run has spent before a cut', () => {
    const sweep = sweepOf({
      ...{ budget: { calls: 100 }, concurrency: 1, halving },
      arms: [arm('sft', { calls: 9 }), arm('a', { calls: 9 })],
    });
    started(sweep);
    sweep.ended('sft.all.s1', { ...limited(1), spent: { usd: 0, calls: 30 } });
    started(sweep);
    sweep.ended('a.all.s1', { ...limited(2), spent: { usd: 0, calls: 20 } });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetCalls: 80, maxSteps: 4 }); // 30 of its own, and the 50 left
  });

  test('waits for a paused arm', () => {
    const sweep = sweepOf({ arms: [arm('sft'), arm('a'), arm('b')], halving });
    sweep.pauseArm('b', true);
    expect(started(sweep)).toEqual(['sft.all.s1', 'a.all.s1']);
    for (const name of ['sft', 'a']) sweep.ended(`${name}.all.s1`, limited(1));
    expect(started(sweep)).toEqual([]);
    expect(sweep.finished).toBe(false);
    sweep.pauseArm('b', false);
    expect(started(sweep)).toEqual(['b.all.s1']);
  });
});

test('a paused arm that starts from another is waited for, and no cut is made meanwhile', () => {
  // Found by the test below: cuts were made without end.
  playRandomly(115_137);
});

test('whatever happens in whatever order: a sweep ends, within its concurrency and its budget', () => {
  fc.assert(fc.property(fc.nat(1_000_000), playRandomly), { numRuns: 300 });
});

function playRandomly(world: number): void {
  let drawn = 0;
  const uniform = () => uniformAt(world, ['sweep', drawn++]);
  const below = (n: number) => Math.floor(uniform() * n);
  const arms = Array.from({ length: 1 + below(5) }, (_, i) =>
    arm(`arm-${i}`, {
      ...{ calls: below(2) * 50, steps: below(9), seeds: [1, 2, 3].slice(0, 1 + below(3)) },
      ...(i > 0 && uniform() < 0.2 && { after: `arm-${below(i)}`, seeds: [1] }),
    }),
  );
  const concurrency = 1 + below(4);
  const sweep = sweepOf({
    ...{ arms, concurrency, reference: 'arm-0' },
    ...(uniform() < 0.5 && { budget: { calls: 100 + below(1000) } }),
    ...(uniform() < 0.5 && { halving: { atSteps: [2, 4], keep: 0.5, stopped: [] } }),
  });
  const spent = new Map<string, number>();
  const limits = new Map<string, number | undefined>();
  const made = new Map<string, number>();
  for (let event = 0; !sweep.finished; event++) {
    expect(event).toBeLessThan(500);
    for (let next = sweep.next(); next; next = sweep.next()) {
      limits.set(next.id, next.limits?.judgeBudgetCalls);
      made.set(next.id, next.limits?.maxSteps ?? next.steps);
    }
    const { running } = sweep;
    expect(running.length).toBeLessThanOrEqual(concurrency);
    const known = [...spent].filter(([id]) => !running.some((run) => run.id === id)).map(([, calls]) => calls);
    const shares = running.map(({ id }) => limits.get(id) ?? 0);
    const { budget } = sweep.plan;
    if (budget.calls !== undefined)
      expect([...known, ...shares].reduce((sum, calls) => sum + calls, 0)).toBeLessThanOrEqual(budget.calls);
    const name = `arm-${below(arms.length)}`;
    const what = uniform();
    if (what < 0.1) sweep.pauseArm(name, true);
    else if (what < 0.3 || running.length === 0) for (const each of arms) sweep.pauseArm(each.name, false);
    else if (what < 0.32) sweep.stopArm(name);
    const run = running[below(running.length)];
    if (!run) continue;
    if (uniform() < 0.1) {
      spent.set(run.id, limits.get(run.id) ?? 0);
      sweep.ended(run.id, { state: 'failed', reason: 'chance' });
      continue;
    }
    const before = spent.get(run.id) ?? 0;
    const calls = before + below((limits.get(run.id) ?? 0) - before + 1);
    spent.set(run.id, calls);
    const isLimited = made.get(run.id)! < run.steps;
    sweep.ended(run.id, { ...FINISHED, score: uniform(), isLimited, spent: { usd: 0, calls } });
  }
  expect(sweepOutcomes(sweep).filter(({ reason }) => reason === 'the sweep ended before it')).toEqual([]);
}
