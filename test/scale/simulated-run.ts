import { partsOf } from '../../algorithms/samples-per-part.ts';
import { OneAtATime } from '../../workflows/one-at-a-time.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What the stages of a run cost. All times are in seconds. */
export interface StageCosts {
  /** To sample the completions of so many samples. */
  sampling: (samples: number) => number;
  update: number;
  /** Questions to the judge about so many samples. */
  questions: (samples: number) => number;
  /** Until the judge answers a question; `n` counts the questions of a step. */
  latency: (step: number, n: number) => number;
  /** Scores that ask no judge, beside it, of so many samples. */
  scoring: (samples: number) => number;
  /** Frames of a step's samples. The first step waits for them; those of the others are made beside an update. */
  frames: number;
  /** Of each stage: from the workflow's decision to the worker and back. */
  dispatch: number;
}

/** How a run orders its stages: fields of the config. */
export interface RunOrder {
  steps: number;
  samplesPerStep: number;
  samplesPerPart?: number | undefined;
  rolloutLag: 0 | 1;
  /** `judge.concurrency`. */
  connections: number;
}

export interface SimulatedRun {
  seconds: number;
  /** From the end of a step to the end of the next. */
  steps: number[];
  /** Seconds in which the engine sampled, in which it updated, and in which at least one question was open. */
  sampling: number;
  update: number;
  judging: number;
  /** Sum over all questions of the time that each was open. */
  asked: number;
}

/**
 * A run's time from the cost of its stages, without running any of them: `workflows/training-run.ts` up to the records,
 * which are written beside the next step. Benchmarks, checkpoint files and failures are left out. The engine and the
 * judge of a run take their work in the order of `workflows/one-at-a-time.ts`, which this uses itself.
 */
export async function simulateRun(order: RunOrder, costs: StageCosts): Promise<SimulatedRun> {
  const clock = new VirtualClock();
  const [engine, judging] = [new OneAtATime(), new OneAtATime()];
  const found = { seconds: 0, steps: [] as number[], sampling: 0, update: 0, judging: 0, asked: 0 };
  const parts = partsOf(order.samplesPerStep, { kind: 'grpo', samplesPerPart: order.samplesPerPart } as never);

  const computing = async (stage: 'sampling' | 'update', seconds: number) => {
    await clock.sleep(costs.dispatch + seconds);
    found[stage] += seconds;
  };

  async function ask(step: number, first: number, questions: number): Promise<void> {
    await clock.sleep(costs.dispatch);
    const from = clock.now;
    let next = 0;
    const connection = async () => {
      while (next < questions) {
        const latency = costs.latency(step, first + next++);
        await clock.sleep(latency);
        found.asked += latency;
      }
    };
    await Promise.all(Array.from({ length: Math.min(order.connections, questions) }, connection));
    found.judging += clock.now - from;
  }

  /** Samples and scores all parts of a step, as `workflows/round.ts`. @param turn until the step before is scored. */
  async function collect(step: number, turn: Promise<unknown>): Promise<void> {
    let [scored, first] = [turn, 0];
    for (const { count } of parts) {
      const sampled = engine.run(() => computing('sampling', costs.sampling(count)), step);
      const [before, asked] = [scored, first];
      const questions = costs.questions(count);
      first += questions;
      scored = (async () => {
        await sampled;
        await before;
        await Promise.all([
          clock.sleep(costs.dispatch + costs.scoring(count)),
          judging.run(() => ask(step, asked, questions)),
        ]);
      })();
    }
    await scored;
    await clock.sleep(costs.dispatch); // compareCompletions
  }

  async function run(): Promise<void> {
    await clock.sleep(costs.dispatch + costs.frames);
    let ahead: Promise<void> | undefined;
    for (let step = 1; step <= order.steps; step += 1) {
      const from = step === 1 ? 0 : clock.now;
      const collected = ahead ?? collect(step, Promise.resolve());
      ahead = order.rolloutLag === 1 && step < order.steps ? collect(step + 1, collected) : undefined;
      await collected;
      await Promise.all([
        engine.run(() => computing('update', costs.update), step + 1),
        step + order.rolloutLag < order.steps ? clock.sleep(costs.dispatch + costs.frames) : undefined,
      ]);
      found.steps.push(clock.now - from);
    }
  }

  await clock.until(run());
  return { ...found, seconds: clock.now };
}
