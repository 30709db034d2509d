/** What ships in `configs/` and can be named in a run's input. A test holds the lists to the folder. */
export const EXPERIMENTS = [
  ...['quickstart', 'sft', 'bench-api', 'videocap-r1-qwen2vl-7b', 'videocap-r1-qwen2vl-7b-lora'],
  ...['videocap-r1-qwen25vl-7b', 'videocap-r1-qwen3vl-8b'],
] as const;
export const SWEEPS = ['short-sweep', 'sft-vs-grpo'] as const;

/** Right inputs, one for each kind of run, as the start form takes them. */
export const SWEEP_EXAMPLE =
  '{"sweep": "short-sweep"}, which takes minutes, or {"sweep": "sft-vs-grpo"}, which takes hours';

/** What a training run or a benchmark says at once whose input names no config. */
export const UNNAMED_CONFIG =
  'The input names no config, so this is **the quickstart**, minutes on two cores. Others ship: ' +
  `${EXPERIMENTS.filter((name) => name !== 'quickstart').join(', ')}; choose one by {"config": "sft"}, and change ` +
  'fields by {"config": "quickstart", "overrides": {"algorithm.steps": 10}}.';
