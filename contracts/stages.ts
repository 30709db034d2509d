import { z } from 'zod';
import {
  DatasetConfig,
  FrameOptions,
  GrpoConfig,
  PolicyConfig,
  RewardConfig,
  SamplingConfig,
  SftConfig,
  ThinkConfig,
} from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { Batch } from '../core/batch.ts';
import { PolicyRef } from '../core/policy-ref.ts';
import { ClipRef } from '../core/sample.ts';
import { Score } from '../core/score.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { JudgedBy } from '../judge/judged-by.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';

/**
 * What each stage takes and gives, in the order data passes through: the contract between the workflow, the activities
 * and any other engine that serves the same activity names. Everything large is an `ArtifactRef`.
 *
 * `runKey` names a run's own folder in the store (`runs/<runKey>/...`); with `step` it makes every output key unique to
 * its place in the run, so an activity that is tried again finds its own output.
 */
const Place = z.strictObject({ runKey: z.string(), step: z.int().nonnegative() });

export const PrepareDatasetInput = z.strictObject({
  runKey: z.string(),
  dataset: DatasetConfig,
  seed: z.int(),
  /** How the run will take frames of its videos. */
  frames: FrameOptions.prefault({}),
});
export const PrepareDatasetOutput = z.strictObject({
  /** A `DatasetManifest`. */
  manifest: ArtifactRef,
  digest: z.string(),
  train: z.int(),
  heldOut: z.int(),
  quarantined: z.int(),
});

export const ExtractFramesInput = z.strictObject({
  manifest: ArtifactRef,
  /** A step's batch of the training split, or all of the other one. */
  samples: z.union([Batch, z.literal('held-out')]),
  frames: FrameOptions,
});
export const ExtractFramesOutput = z.strictObject({
  /** JSON: `ClipRef[]`, in the order asked for. */
  clips: ArtifactRef,
});
export const Clips = z.array(ClipRef);

export const LoadPolicyInput = z.strictObject({ runKey: z.string(), policy: PolicyConfig });
export const LoadPolicyOutput = z.strictObject({ policy: PolicyRef, parameters: z.int() });

export const RolloutGroupsInput = Place.extend({
  policy: PolicyRef,
  threads: z.int(),
  clips: ArtifactRef,
  sampling: SamplingConfig,
  seed: z.int(),
});
export const RolloutGroupsOutput = z.strictObject({
  /** A `Rollout`. */
  rollout: ArtifactRef,
  completions: z.int(),
  tokens: z.int(),
  meanLength: z.number(),
  truncated: z.int(),
  seconds: z.number(),
});

/** Scores are `[groups][completions]`, in the rollout's order. */
export const ScoreThoughtsInput = Place.extend({ rollout: ArtifactRef, manifest: ArtifactRef, think: ThinkConfig });
export const ScoreThoughtsOutput = z.strictObject({
  format: z.array(z.array(Score)),
  think: z.array(z.array(Score)),
  seconds: z.number(),
});

const Spent = JudgeSpending.default({ usd: 0, calls: 0 });

export const JudgeCaptionsInput = Place.extend({
  rollout: ArtifactRef,
  manifest: ArtifactRef,
  judge: JudgeConfig,
  spent: Spent,
  caption: RewardConfig.shape.caption,
});
export const JudgeCaptionsOutput = z.strictObject({
  caption: z.array(z.array(Score)),
  /** JSON: per-event verdicts of each completion, for tables and drill-down. */
  verdicts: ArtifactRef,
  usage: JudgeUsage,
  seconds: z.number(),
});

/** What the workflow's pure `combineRewards` makes of the scores. `null`: this completion is left out of the update. */
export const Rewards = z.strictObject({
  total: z.array(z.array(z.number().nullable())),
  advantages: z.array(z.array(z.number().nullable())),
});
export type Rewards = z.infer<typeof Rewards>;

export const UpdatePolicyInput = Place.extend({
  policy: PolicyRef,
  /** The frozen start policy that the KL is measured to. */
  reference: PolicyRef,
  threads: z.int(),
  clips: ArtifactRef,
  /** Checkpoints of steps that are multiples of this stay; others go once two later steps exist. 0: keep none but the last two. */
  keepEvery: z.int().nonnegative(),
  batch: z.discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('grpo'),
      grpo: GrpoConfig,
      rollout: ArtifactRef,
      rewards: Rewards,
      temperature: z.number(),
      maxNewTokens: z.int(),
    }),
    z.strictObject({ method: z.literal('sft'), sft: SftConfig, manifest: ArtifactRef }),
  ]),
});
export const UpdatePolicyOutput = z.strictObject({
  policy: PolicyRef,
  /** `loss`, `kl`, `clipFraction`, `entropy`, `gradNorm`, `learningRate`, `tokens`, ... */
  metrics: z.record(z.string(), z.number()),
  seconds: z.number(),
});

export const CaptionClipsInput = Place.extend({
  policy: PolicyRef,
  threads: z.int(),
  clips: ArtifactRef,
  maxNewTokens: z.int(),
  /** Tells several lists of clips of one step apart: `dream1k-2`. The held-out split has none. */
  part: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
});
export const CaptionClipsOutput = z.strictObject({
  /** JSON: `CaptionedClip[]`. */
  captions: ArtifactRef,
  seconds: z.number(),
});
/** A greedy completion of one clip. */
export const CaptionedClip = z.strictObject({ sampleId: z.string(), text: z.string(), tokens: z.int() });
export type CaptionedClip = z.infer<typeof CaptionedClip>;

export const ScoreBenchmarkInput = Place.extend({
  suite: z.literal('held-out'),
  captions: ArtifactRef,
  manifest: ArtifactRef,
  judge: JudgeConfig,
  spent: Spent,
  think: ThinkConfig,
});
export const ScoreBenchmarkOutput = z.strictObject({
  /** Points 0-100: `eventF1`, `eventPrecision`, `eventRecall`, `actionF1`, `objectF1`, `think`, `format`, ... with `<name>Low`/`<name>High` bootstrap bounds. */
  metrics: z.record(z.string(), z.number()),
  /** JSON: per-clip verdicts. */
  details: ArtifactRef,
  /** Absent in results of before this was kept. */
  judge: JudgedBy.optional(),
  usage: JudgeUsage,
  seconds: z.number(),
});
