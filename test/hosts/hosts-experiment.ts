import { matrixExperiment } from '../chaos/matrix/experiment.ts';

/** That of the crash matrix, with more steps. */
export function hostsExperiment(judgeUrl: string, steps: number) {
  const { config, overrides } = matrixExperiment(judgeUrl);
  return {
    config,
    overrides: { ...overrides, 'algorithm.steps': steps, 'dataset.trainSamples': 8, 'benchmark.everySteps': 10 },
  };
}

/** Answers that are on their way when a host dies or is cut off: as many as `judge.concurrency`. */
export const LOST_AT_MOST = 2;
