/** Small, but every stage is the real one, a batch serves two updates, and every step has a video that no step before had. */
export function matrixExperiment(judgeUrl: string) {
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
      'judge.kind': 'llm',
      'judge.baseUrl': judgeUrl,
      'judge.model': 'rules',
      'judge.apiKeyEnv': 'CHAOS_JUDGE_KEY',
      'judge.concurrency': 2,
    },
  };
}
