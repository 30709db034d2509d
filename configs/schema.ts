import { z } from 'zod';
import { isLlm, isPriced, JudgeConfig } from '../judge/judge-config.ts';

/** The schema of an experiment file. Every field has a default but the dataset's paths, so `{}` is a whole config. */

const Shapes = z.strictObject({
  kind: z.literal('shapes'),
  trainSamples: z.int().min(1).max(100_000).default(240),
  heldOutSamples: z.int().min(1).max(10_000).default(100),
  /** How good the references of the training split are: `exact`; `few` (one in eight samples); `noisy` (dropped and wrong events). */
  references: z.enum(['exact', 'few', 'noisy']).default('exact'),
  seed: z.int().default(1),
});
const Jsonl = z.strictObject({
  kind: z.literal('jsonl'),
  train: z.string().min(1),
  heldOut: z.string().min(1),
  /** Samples that cannot be used are set aside with a reason; more than this many end the run. */
  maxBadSamples: z.int().nonnegative().default(0),
});
export const DatasetConfig = z.discriminatedUnion('kind', [Shapes, Jsonl]);
export type DatasetConfig = z.infer<typeof DatasetConfig>;

export const FrameOptions = z.strictObject({
  /** Frames sampled uniformly in time; even, since the vision tower takes them in pairs. */
  count: z.int().min(2).max(768).multipleOf(2).default(8),
  /** Pixels of a frame after resizing; sides become multiples of `factor`, the aspect ratio is kept. */
  minPixels: z.int().min(784).default(7056),
  maxPixels: z.int().min(784).default(7056),
  factor: z.int().default(28),
});
export type FrameOptions = z.infer<typeof FrameOptions>;

export const PolicyConfig = z.strictObject({
  engine: z.enum(['onnx']).default('onnx'),
  /** Name of a shipped model, or a path to a model folder. */
  model: z.string().min(1).default('tiny'),
  /** Part of what makes a run bit-exact: another thread count may round differently. */
  threads: z.int().min(1).max(64).default(2),
});
export type PolicyConfig = z.infer<typeof PolicyConfig>;

export const SamplingConfig = z.strictObject({
  /** Completions per sample (G). */
  groupSize: z.int().min(2).max(256).default(8),
  temperature: z.number().positive().max(5).default(1),
  maxNewTokens: z.int().min(1).max(4096).default(128),
});
export type SamplingConfig = z.infer<typeof SamplingConfig>;

export const ThinkConfig = z.strictObject({
  similarity: z.enum(['sentence-embedding', 'token-f1']).default('sentence-embedding'),
  /** A subject pair counts as the same subject from this similarity. */
  subjectThreshold: z.number().min(0).max(1).default(0.8),
  /**
   * An attribute or action counts as found from this similarity. 0.97 accepts other spellings (`wears`, `wearing`) and keeps
   * everything apart that the small world keeps apart; 0.9 also accepts close paraphrases, and some near misses.
   */
  itemThreshold: z.number().min(0).max(1).default(0.97),
  attributeWeight: z.number().min(0).max(1).default(0.5),
  actionWeight: z.number().min(0).max(1).default(0.5),
});
export type ThinkConfig = z.infer<typeof ThinkConfig>;

export const RewardConfig = z.strictObject({
  weights: z
    .strictObject({
      format: z.number().nonnegative().default(1),
      think: z.number().nonnegative().default(1),
      caption: z.number().nonnegative().default(1),
    })
    .prefault({}),
  think: ThinkConfig.prefault({}),
  /**
   * `stepped` is the paper's Escore; `linear` its event coverage; `f1` also charges for invented events.
   * `completeness-naturalness` is after the paper's CNscore: a language model's ratings of the caption as a whole.
   */
  caption: z
    .strictObject({
      variant: z.enum(['stepped', 'linear', 'f1', 'completeness-naturalness']).default('stepped'),
      /** Coverage from which `stepped` gives 0.5, and from which 1 (Escore's d1, d2). */
      thresholds: z
        .tuple([z.number().min(0).max(1), z.number().min(0).max(1)])
        .refine(([d1, d2]) => d1 <= d2, 'set the lower one, which gives 0.5, first, such as [0.28, 0.35]')
        .default([0.28, 0.35]),
    })
    .prefault({}),
  /** What leaves the update when a completion cannot be scored. */
  unscorable: z.enum(['exclude-group', 'exclude-completion']).default('exclude-group'),
});
export type RewardConfig = z.infer<typeof RewardConfig>;

export const OptimizerConfig = z.strictObject({
  learningRate: z.number().positive().max(1).default(2e-5),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  warmupSteps: z.int().nonnegative().default(0),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.99),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().nonnegative().default(0),
  maxGradNorm: z.number().positive().default(1),
});
export type OptimizerConfig = z.infer<typeof OptimizerConfig>;

export const GrpoConfig = z.strictObject({
  steps: z.int().min(0).default(40),
  samplesPerStep: z.int().min(1).max(1024).default(4),
  /** Optimiser updates per rollout batch (mu). */
  iterations: z.int().min(1).max(16).default(1),
  /** Weight of the k3 KL to the frozen start policy. */
  beta: z.number().nonnegative().default(0.04),
  clipLow: z.number().positive().lt(1).default(0.2),
  clipHigh: z.number().positive().default(0.2),
  aggregation: z.enum(['grpo', 'dapo', 'dr_grpo']).default('grpo'),
  /** `group` divides advantages by the group's standard deviation; `none` only centres them (Dr. GRPO). */
  scaleRewards: z.enum(['group', 'none']).default('group'),
  /** Leave groups whose rewards are all equal out of the update. */
  skipUniformGroups: z.boolean().default(false),
  optimizer: OptimizerConfig.prefault({}),
});
export type GrpoConfig = z.infer<typeof GrpoConfig>;

export const SftConfig = z.strictObject({
  steps: z.int().min(0).default(40),
  samplesPerStep: z.int().min(1).max(1024).default(32),
  optimizer: OptimizerConfig.prefault({}),
});
export type SftConfig = z.infer<typeof SftConfig>;

/** Published benchmarks that are read from their authors' own files. */
export const SuiteName = z.enum(['dream1k', 'vdc', 'carebench']);
export type SuiteName = z.infer<typeof SuiteName>;

export const SuiteConfig = z.strictObject({
  suite: SuiteName,
  /** The authors' annotation file (VDC: or the folder of its five). */
  annotations: z.string().min(1),
  /** Folder of the videos, subfolders included. */
  videos: z.string().min(1),
  /** Only the first so many clips of the file. */
  limit: z.int().min(1).optional(),
  /** Names of the authors' quirks that are to be on. */
  quirks: z.array(z.string()).default([]),
});
export type SuiteConfig = z.infer<typeof SuiteConfig>;

export const BenchmarkConfig = z.strictObject({
  /** Evaluate every so many steps, besides before the first and after the last; 0: only those two. */
  everySteps: z.int().nonnegative().default(20),
  maxNewTokens: z.int().min(1).default(128),
  /** Published benchmarks that the base and the trained policy are measured on as well. They need an LLM judge. */
  suites: z
    .array(SuiteConfig)
    .refine((suites) => new Set(suites.map(({ suite }) => suite)).size === suites.length, 'name every suite once')
    .default([]),
});
export type BenchmarkConfig = z.infer<typeof BenchmarkConfig>;

const Experiment = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
    .default('experiment'),
  seed: z.int().nonnegative().default(1),
  method: z.enum(['grpo', 'sft']).default('grpo'),
  dataset: DatasetConfig.prefault({ kind: 'shapes' }),
  frames: FrameOptions.prefault({}),
  policy: PolicyConfig.prefault({}),
  sampling: SamplingConfig.prefault({}),
  reward: RewardConfig.prefault({}),
  judge: JudgeConfig.prefault({ kind: 'rule-based' }),
  grpo: GrpoConfig.prefault({}),
  sft: SftConfig.prefault({}),
  benchmark: BenchmarkConfig.prefault({}),
});
export const ExperimentConfig = Experiment.refine(
  ({ judge, reward }) => reward.caption.variant !== 'completeness-naturalness' || isLlm(judge),
  {
    path: ['reward', 'caption', 'variant'],
    error: 'set stepped, linear or f1, or judge.kind to llm: only a language model can rate captions as a whole',
  },
)
  .refine(({ judge, benchmark }) => benchmark.suites.length === 0 || isLlm(judge), {
    path: ['judge', 'kind'],
    error: 'set llm, with judge.baseUrl and judge.model: the suites of benchmark.suites are judged by a language model',
  })
  .refine(({ judge }) => !isLlm(judge) || !judge.budget.usd || isPriced(judge), {
    path: ['judge', 'price'],
    error: 'set inputPerMillion and outputPerMillion (USD): at a price of 0, judge.budget.usd is never reached',
  });
export type ExperimentConfig = z.infer<typeof ExperimentConfig>;
