/**
 * Tables 2 and 3 of the paper (arXiv 2506.01725), as far as its abstract and its reviewers quote them: another model
 * (Qwen2-VL-7B), other data and other benchmarks than a sweep's. Points. Absent: not known.
 */
export interface PaperRow {
  arm: string;
  /** The arm of `configs/sft-vs-grpo.yaml` that is made alike. */
  like: string;
  dream1k?: number;
  vdc?: number;
  average?: number;
  source: string;
}

export const PAPER_METHODS: readonly PaperRow[] = [
  {
    arm: 'Qwen2-VL-7B (base)',
    like: 'base',
    dream1k: 29.8,
    vdc: 39.6,
    average: 32.0,
    source: 'reviewers; result minus stated gain',
  },
  { arm: 'SFT on the same data', like: 'sft', average: 34.2, source: 'table 2, by its reviewers' },
  {
    arm: 'VideoCap-R1 (GRPO)',
    like: 'grpo',
    dream1k: 34.2,
    vdc: 43.8,
    average: 36.7,
    source: 'table 2, by its reviewers',
  },
];

/** What is known of the ablation of rewards, as sentences. */
export const PAPER_ABLATION: readonly string[] = [
  'The think score raises the average by 1.6 points over the row before it.',
  'The think score with the event-coverage score (the reward `caption` here) has the best average.',
  'With completeness and naturalness in its place, VDC and CaReBench are better, and the average is lower.',
];
