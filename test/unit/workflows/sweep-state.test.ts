import { describe, expect, test } from 'vitest';
import { runsOf, type SweepPlan } from '../../../contracts/sweep-plan.ts';
import { type SweepSnapshot, SweepState } from '../../../workflows/sweep-state.ts';

const details = { uri: 'store:d', sha256: '0'.repeat(64), bytes: 1 };
const FINISHED = { state: 'finished' as const, step: 2, details };
const arm = (name: string, more: object = {}) => ({ name, set: {}, seeds: [1], calls: 0, ...more });

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
    expect(sweep.outcomes.map(({ state, reason }) => [state, reason])).toEqual([
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
    expect(broken.outcomes.map(({ state }) => state)).toEqual(['skipped', 'skipped', 'stopped']);
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
    expect(sweep.outcomes.map(({ state }) => state)).toEqual(['stopped', 'skipped', 'skipped']);
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
    expect(sweep.status.stage).toBe('paused');
    sweep.stop();
    expect(sweep.finished).toBe(true);
  });
});

describe('the budget over all arms', () => {
  const arms = [arm('sft', { calls: 100 }), arm('grpo', { calls: 300 })];

  test('is shared by what each run is expected to ask, and never exceeded together', () => {
    const sweep = sweepOf({ budget: { usd: 8, calls: 401 }, arms });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 2, judgeBudgetCalls: 100 });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 6, judgeBudgetCalls: 301 });
  });

  test('what a run leaves is there for the others', () => {
    const sweep = sweepOf({ budget: { usd: 8 }, arms, concurrency: 1 });
    started(sweep);
    sweep.ended('sft.all.s1', { ...FINISHED, spent: { usd: 0.5, calls: 20 } });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetUsd: 7.5 });
  });

  test('of a run that failed, the whole share counts as spent; without a rest, no run starts that asks', () => {
    const sweep = sweepOf({
      budget: { calls: 2 },
      arms: [arm('sft', { calls: 999 }), arm('grpo', { calls: 1 })],
      concurrency: 1,
    });
    expect(sweep.next()?.limits).toEqual({ judgeBudgetCalls: 1 });
    sweep.ended('sft.all.s1', { ...FINISHED, spent: { usd: 0, calls: 2 } });
    expect(sweep.next()).toBeUndefined();
    expect(sweep.outcomes[1]).toMatchObject({ state: 'skipped' });
  });

  test('runs that ask no language model need none', () => {
    expect(sweepOf({ budget: { usd: 1 }, arms: [arm('sft')] }).next()?.limits).toBeUndefined();
  });
});
