/** Small, but every stage is the real one, and a batch serves two updates. */
export function matrixExperiment(judgeUrl: string) {
  return {
    config: 'quickstart',
    overrides: {
      'grpo.steps': 2,
      'grpo.iterations': 2,
      'grpo.samplesPerStep': 2,
      'sampling.groupSize': 4,
      'sampling.maxNewTokens': 48,
      'benchmark.maxNewTokens': 48,
      'dataset.trainSamples': 4,
      'dataset.heldOutSamples': 2,
      'reward.think.similarity': 'token-f1',
      'judge.kind': 'openai',
      'judge.baseUrl': judgeUrl,
      'judge.model': 'rules',
      'judge.apiKeyEnv': 'CHAOS_JUDGE_KEY',
      'judge.concurrency': 2,
    },
  };
}
