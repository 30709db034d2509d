import { median } from '../median.ts';
import type { BenchWorld, PlayedRun } from '../world.ts';

/** A step of every row that trains: 4 samples, 8 completions of each. */
export const SAMPLES = 4;
export const GROUP = 8;
/** Steps of a run that is measured: what the first one does, others have done before. */
const STEPS = 4;

export interface StepRun {
  /** A model folder. */
  model: string;
  /** Of each completion. */
  tokens: number;
  /** More changes to the quickstart. */
  more?: Record<string, unknown>;
}

/** A run of a few steps, whose rewards need no model, so that what remains is the step itself. */
export function playSteps(world: BenchWorld, { model, tokens, more = {} }: StepRun): Promise<PlayedRun> {
  return world.run({
    ...{ 'policy.model': model, 'algorithm.steps': STEPS, 'algorithm.samplesPerStep': SAMPLES },
    ...{ 'sampling.groupSize': GROUP, 'sampling.maxNewTokens': tokens, 'prompt.output': 'plain' },
    ...{ 'reward.format.weight': 0, 'reward.think.weight': 0, 'reward.rougeL': { weight: 1 } },
    ...{ 'dataset.trainSamples': SAMPLES * STEPS, 'dataset.heldOutSamples': 1 },
    ...{ 'benchmark.everySteps': STEPS, 'benchmark.maxNewTokens': 1, 'checkpoints.keepEvery': STEPS },
    ...more,
  });
}

/** Seconds of a step, from one record's time to the next one's: the median without the first step and the last. */
export function secondsAStep({ records }: PlayedRun): number {
  const spans = records.slice(1).map(({ time }, i) => (time - records[i]!.time) / 1000);
  return median(spans.slice(0, -1));
}
