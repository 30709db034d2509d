import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { JudgeGate } from '../../../workflows/judge-gate.ts';
import { OneAtATime } from '../../../workflows/one-at-a-time.ts';
import type { RunState } from '../../../workflows/run-state.ts';
import { StepsAhead } from '../../../workflows/steps-ahead.ts';
import { trainStep } from '../../../workflows/train-step.ts';
import { type RunOrder, type StageCosts, simulateRun } from '../../scale/simulated-run.ts';
import { VirtualClock } from '../../scale/virtual-clock.ts';
import { playedBy, stepInput } from './played-step.ts';
import { ref, scriptedStages, updated } from './scripted-stages.ts';

vi.mock('../../../workflows/stages.ts', async () => (await import('./played-step.ts')).playedStages());
vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original()),
  CancellationScope: class {
    run = <T>(work: () => Promise<T>) => work();
    cancel = () => undefined;
  },
}));

const ORDER: RunOrder = { steps: 6, samplesPerStep: 8, rolloutLag: 0, connections: 64 };
const COSTS: StageCosts = {
  ...{ sampling: (samples) => 3 * samples, update: 5, frames: 0, dispatch: 0 },
  questions: (samples) => 8 * samples,
  scoring: () => 0,
  latency: () => 2,
};

/** Numbers with few digits, so that sums of them are exact. */
const quarters = (most: number) => fc.nat(4 * most).map((n) => n / 4);
const orders = fc.record({
  steps: fc.integer({ min: 1, max: 6 }),
  samplesPerStep: fc.integer({ min: 1, max: 6 }),
  samplesPerPart: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  rolloutLag: fc.constantFrom(0 as const, 1 as const),
  connections: fc.integer({ min: 1, max: 20 }),
});
const costs = fc
  .record({
    perPart: quarters(3),
    perSample: quarters(5),
    update: quarters(9),
    questions: fc.nat(4),
    latencies: fc.array(quarters(9), { minLength: 1, maxLength: 7 }),
    scoring: quarters(3),
    frames: quarters(9),
    dispatch: quarters(1),
  })
  .map(
    ({ perPart, perSample, questions, latencies, scoring, ...same }): StageCosts => ({
      ...same,
      sampling: (samples) => perPart + perSample * samples,
      questions: (samples) => questions * samples,
      scoring: (samples) => scoring * samples,
      latency: (step, n) => latencies[(7 * step + n) % latencies.length]!,
    }),
  );

describe('a run whose time is known', () => {
  test('one stage after the other', async () => {
    const { steps, seconds } = await simulateRun(ORDER, COSTS);
    expect(steps).toEqual(Array(6).fill(3 * 8 + 2 + 5));
    expect(seconds).toBe(6 * 31);
  });

  test('fewer connections than questions: one wave after the other', async () => {
    const { steps } = await simulateRun({ ...ORDER, connections: 10 }, COSTS);
    expect(steps[0]).toBe(24 + 7 * 2 + 5);
  });

  test('parts: the judge of all but the last is hidden where sampling takes longer', async () => {
    const { steps } = await simulateRun({ ...ORDER, samplesPerPart: 2 }, COSTS);
    expect(steps).toEqual(Array(6).fill(24 + 2 + 5));
    const slow = await simulateRun({ ...ORDER, samplesPerPart: 2 }, { ...COSTS, latency: () => 20 });
    expect(slow.steps).toEqual(Array(6).fill(6 + 4 * 20 + 5));
  });

  test('a step ahead: the slower of engine and judge', async () => {
    const engineBound = await simulateRun({ ...ORDER, rolloutLag: 1 }, COSTS);
    expect(engineBound.steps.slice(1, -1)).toEqual(Array(4).fill(24 + 5));
    const judgeBound = await simulateRun({ ...ORDER, rolloutLag: 1 }, { ...COSTS, latency: () => 100 });
    expect(judgeBound.steps.slice(1, -1)).toEqual(Array(4).fill(100));
  });

  test('frames delay the first step, and others where they take longer than the update', async () => {
    const { steps } = await simulateRun(ORDER, { ...COSTS, frames: 7 });
    expect(steps).toEqual([7 + 24 + 2 + 7, ...Array(4).fill(24 + 2 + 7), 24 + 2 + 5]);
  });

  test('every stage on the way is dispatched', async () => {
    const { steps } = await simulateRun(ORDER, { ...COSTS, dispatch: 0.25 });
    expect(steps[1]).toBe(31 + 4 * 0.25);
  });
});

describe('any run', () => {
  test('no step is shorter than its longest stage, no run than the work of its engine or judge', () =>
    fc.assert(
      fc.asyncProperty(orders, costs, async (order, cost) => {
        const run = await simulateRun(order, cost);
        const sampling = cost.sampling(Math.min(order.samplesPerPart ?? order.samplesPerStep, order.samplesPerStep));
        const [first] = run.steps;
        expect(run.steps.reduce((sum, seconds) => sum + seconds)).toBe(run.seconds);
        expect(first).toBeGreaterThanOrEqual(Math.max(sampling, cost.update, cost.frames));
        for (const seconds of run.steps) expect(seconds).toBeGreaterThanOrEqual(cost.update);
        if (order.rolloutLag === 0)
          for (const seconds of run.steps) expect(seconds).toBeGreaterThanOrEqual(Math.max(sampling, cost.update));
        expect(run.seconds).toBeGreaterThanOrEqual(run.sampling + run.update);
        expect(run.seconds).toBeGreaterThanOrEqual(run.judging);
        expect(run.judging * order.connections).toBeGreaterThanOrEqual(run.asked);
      }),
    ));

  test('more connections or a faster judge never make it longer', () =>
    fc.assert(
      fc.asyncProperty(orders, costs, async (order, cost) => {
        const { seconds } = await simulateRun(order, cost);
        const more = await simulateRun({ ...order, connections: order.connections + 1 }, cost);
        const faster = await simulateRun(order, { ...cost, latency: (...at) => cost.latency(...at) / 2 });
        expect(more.seconds).toBeLessThanOrEqual(seconds);
        expect(faster.seconds).toBeLessThanOrEqual(seconds);
      }),
    ));

  test('takes as long as the real workflow code with stages of the same costs', () =>
    fc.assert(
      fc.asyncProperty(orders, costs, async (order, cost) => {
        expect((await simulateRun(order, cost)).steps).toEqual(await playedSteps(order, cost));
      }),
      { numRuns: 40 },
    ));
});

/** Seconds of each step of `workflows/`, with stages that sleep on a clock which jumps. */
async function playedSteps(order: RunOrder, cost: StageCosts): Promise<number[]> {
  const { steps, rolloutLag, connections, samplesPerStep, samplesPerPart } = order;
  const clock = new VirtualClock();
  const usual = scriptedStages([]);
  const sizes = new Map<string, number>();
  const asked = new Map<number, number>();
  const stage = (seconds: number) => clock.sleep(cost.dispatch + seconds);
  playedBy({
    extractFrames: async () => {
      await stage(cost.frames);
      return { clips: ref('clips') };
    },
    rolloutGroups: async (input) => {
      const count = input.samples?.count ?? samplesPerStep;
      sizes.set(`${input.step}/${input.part}`, count);
      await stage(cost.sampling(count));
      return usual.rolloutGroups(input);
    },
    scoreCompletions: async (input) => {
      await stage(cost.scoring(sizes.get(`${input.step}/${input.part}`)!));
      return usual.scoreCompletions(input);
    },
    judgeCompletions: async (input) => {
      await stage(0);
      const questions = cost.questions(sizes.get(`${input.step}/${input.part}`)!);
      const first = asked.get(input.step) ?? 0;
      asked.set(input.step, first + questions);
      const free = Array.from({ length: connections }, () => clock.now);
      for (let n = first; n < first + questions; n += 1) {
        free.sort((a, b) => a - b);
        free[0]! += cost.latency(input.step, n);
      }
      await clock.sleep(Math.max(...free) - clock.now);
      return usual.judgeCompletions(input);
    },
    compareCompletions: async () => {
      await stage(0);
      return { scored: ref('scored'), metrics: {}, more: false };
    },
    updatePolicy: async ({ step }) => {
      await stage(cost.update);
      return updated(step);
    },
  });
  const [engine, judging] = [new OneAtATime(), new OneAtATime()];
  const state = { step: 0, clipsAhead: undefined as never };
  const inputOf = (step: number) => {
    const more = { engine, judging, clipsAhead: state.clipsAhead, isLast: (other: number) => other >= steps };
    const { input } = stepInput({ samplesPerStep, samplesPerPart, rolloutLag }, samplesPerStep, more);
    return { ...input, place: { runKey: 'r', step } };
  };
  const run = { nextStep: () => inputOf(state.step + 1), stepAhead: () => inputOf(state.step + 2) };
  const ahead = new StepsAhead(run as unknown as RunState, {} as JudgeGate);
  const times: number[] = [];
  await clock.until(
    (async () => {
      while (state.step < steps) {
        const from = clock.now;
        const { clipsAhead } = await trainStep(...ahead.next());
        times.push(clock.now - from);
        state.step += 1;
        state.clipsAhead = clipsAhead as never;
      }
    })(),
  );
  return times;
}
