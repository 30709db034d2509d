/**
 * What a run changes of the experiment. `two rounds`: its first step draws a second round of samples, since a group has
 * no differences, and every step is trained against the policy of the one before it. `rollout lag`: the next step is
 * sampled while a step is judged. `parts`: a round is sampled in two parts, of which the first is judged while the
 * second is sampled.
 */
const EXPERIMENTS = {
  usual: {},
  parts: {
    'algorithm.samplesPerStep': 4,
    'algorithm.samplesPerPart': 2,
    'dataset.trainSamples': 5,
    'sampling.groupSize': 2,
  },
  'rollout lag': { 'algorithm.rolloutLag': 1, 'algorithm.steps': 3 },
  'two rounds': {
    'algorithm.dynamicSampling.maxRounds': 2,
    'algorithm.refreshReferenceEvery': 1,
    'dataset.trainSamples': 4,
    'sampling.groupSize': 2,
    'reward.think.weight': 0,
  },
};
export type ExperimentName = keyof typeof EXPERIMENTS;

/**
 * Small, but every stage is the real one, a batch serves two updates, and every step has a video that no step before
 * had.
 */
export function matrixExperiment(judgeUrl: string, name: ExperimentName = 'usual') {
  return {
    config: 'quickstart',
    overrides: {
      'algorithm.steps': 2,
      'algorithm.iterations': 2,
      'algorithm.samplesPerStep': 2,
      'sampling.groupSize': 4,
      'sampling.maxNewTokens': 48,
      'benchmark.maxNewTokens': 48,
      'dataset.trainSamples': 3,
      'dataset.heldOutSamples': 1,
      'reward.think.similarity': 'token-f1',
      // Test files run side by side: a second thread costs processor time and gains none by the clock.
      'policy.engine.threads': 1,
      'judge.kind': 'llm',
      'judge.baseUrl': judgeUrl,
      'judge.model': 'rules',
      'judge.apiKeyEnv': 'CHAOS_JUDGE_KEY',
      'judge.concurrency': 2,
      ...EXPERIMENTS[name],
    },
  };
}
