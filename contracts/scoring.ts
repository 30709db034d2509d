import { z } from 'zod';
import { AlgorithmConfig } from '../algorithms/registry.ts';
import { HeldOutMetric } from '../benchmarks/held-out-metrics.ts';
import { RunCaptioning } from '../benchmarks/suites/captioning.ts';
import { CaptionsMadeWith } from '../benchmarks/suites/made-with.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { gridOf } from '../core/grid.ts';
import { Identity, MOST_VERSIONS } from '../core/identity.ts';
import { NotFinite } from '../core/not-finite.ts';
import { Place, StepPlace } from '../core/place.ts';
import { Score } from '../core/score.ts';
import { JudgeSection } from '../judge/client/config-section.ts';
import { JudgeConfig } from '../judge/judge-config.ts';
import { JudgedBy } from '../judge/judged-by.ts';
import { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import { RewardConfig } from '../rewards/registry.ts';
import { Scorable } from '../rewards/scorable.ts';
import { ComparedPhrases } from '../rewards/think/compared.ts';

/** The stages that score completions for training, and captions for the held-out benchmark. */

/** By reward component, each laid out like the rollout: what the scoring stages store. */
export const StoredScores = z.record(z.string(), gridOf(Score));

const Spent = JudgeSpending.default({ usd: 0, calls: 0 });

/** The model that has compared phrases, where one has. */
const COMPARED_WITH = { comparedWith: Identity.optional() };

/** The components of the reward that are scored from texts alone. */
export const ScoreCompletionsInput = Place.extend({
  rollout: ArtifactRef,
  /** Of the last part of a round: the rollouts of its other parts, whose captions are compared with this one's. */
  earlier: z.array(ArtifactRef).optional(),
  manifest: ArtifactRef,
  reward: RewardConfig,
});
export const ScoreCompletionsOutput = z.strictObject({
  /** A `StoredScores`. */
  scores: ArtifactRef,
  /** Of the components that compare phrases. */
  compared: ComparedPhrases.optional(),
  ...COMPARED_WITH,
  /**
   * How many captions of different samples differ, from 0 (all are the same) to 1 (none occurs twice); the mean over
   * places in a group. Absent for one sample.
   */
  distinctCaptions: z.number().min(0).max(1).optional(),
  seconds: z.number(),
});

/** The components of the reward that the judge is asked for. */
export const JudgeCompletionsInput = Place.extend({
  rollout: ArtifactRef,
  manifest: ArtifactRef,
  reward: RewardConfig,
  judge: JudgeConfig,
  /** Of the run: what a component draws, such as the order of a question's options. */
  seed: z.int().nonnegative().default(0),
  /** What the run had spent before this stage: its budget is for all of it. */
  spent: Spent,
});
export const JudgeCompletionsOutput = z.strictObject({
  /** A `StoredScores`. */
  scores: ArtifactRef,
  /** A `Verdicts`: what lies behind every score, for tables and drill-down. */
  verdicts: ArtifactRef,
  /** The versions of the judge that gave the answers, as far as its endpoint says. */
  answeredBy: z.array(Identity).max(MOST_VERSIONS).optional(),
  usage: JudgeUsage,
  seconds: z.number(),
});

/** What lies behind the judged scores of a rollout: for each component its details of every group, in order. */
export const Verdicts = z.strictObject({
  judge: z.strictObject({ name: z.string(), isLlm: z.boolean() }),
  components: z.record(z.string(), z.array(z.unknown())),
});
export type Verdicts = z.infer<typeof Verdicts>;

/** A part of a round's completions with their scores, a `StoredScores` each. */
const ScoredPart = z.strictObject({
  /** A `Rollout`. */
  rollout: ArtifactRef,
  /** A `Verdicts`. */
  verdicts: ArtifactRef,
  scores: z.strictObject({ local: ArtifactRef, judged: ArtifactRef, custom: ArtifactRef.optional() }),
});

export const CompareCompletionsInput = StepPlace.extend({
  algorithm: AlgorithmConfig,
  reward: RewardConfig,
  /** The step's rounds so far, each with its parts, in the order in which they were sampled. */
  rounds: z.array(z.array(ScoredPart).min(1)).min(1),
  /** Whether the training split has samples that the step has not had yet. */
  mayTakeMore: z.boolean(),
});
export const CompareCompletionsOutput = z.discriminatedUnion('more', [
  /** The algorithm asks for another round first. */
  z.strictObject({ more: z.literal(true) }),
  z.strictObject({
    more: z.literal(false),
    /** JSON: `ScoredRollout[]`, one a part, in the order of the rounds. */
    scored: ArtifactRef,
    /** By MLflow metric name: statistics of the rewards, and the algorithm's own metrics. */
    metrics: z.record(z.string(), z.number()),
    /** A reward or an advantage that is not finite: all completions are left out of the update. */
    notFinite: NotFinite.optional(),
    /** Absent where the judge was not asked. */
    scorable: Scorable.optional(),
  }),
]);

export const ScoreBenchmarkInput = StepPlace.extend({
  suite: z.literal('held-out'),
  /** JSON: `CaptionedClip[]`. */
  captions: ArtifactRef,
  manifest: ArtifactRef,
  reward: RewardConfig,
  metrics: z.array(HeldOutMetric).default(['events']),
  /** What the captions were made with, besides the prompts that they say themselves. */
  madeWith: RunCaptioning.omit({ prompt: true }).optional(),
  judge: JudgeConfig,
  /** Where the config has it. */
  judgeSection: JudgeSection.default('judge'),
  spent: Spent,
});
export const ScoreBenchmarkOutput = z.strictObject({
  /**
   * Points 0-100: `eventF1`, `eventPrecision`, `eventRecall`, `actionF1`, `objectF1`, `think`, `format`, `rougeL`, ...
   * with
   * `<name>Low`/`<name>High` bootstrap bounds. `think/byCharacters` where phrases were compared by characters.
   */
  metrics: z.record(z.string(), z.number()),
  /** A `HeldOutDetails`. */
  details: ArtifactRef,
  judge: JudgedBy,
  ...COMPARED_WITH,
  /** Absent where the input has no `madeWith`. */
  made: CaptionsMadeWith.optional(),
  usage: JudgeUsage,
  seconds: z.number(),
});

export const FindJudgeVersionInput = z.strictObject({
  runKey: z.string().min(1),
  judge: JudgeConfig,
  /** Where the config has it. */
  judgeSection: JudgeSection.default('judge'),
});
export const FindJudgeVersionOutput = z.strictObject({
  /** The version of a language model whose answers the run looks for; absent: the first that the ledger has met. */
  version: z.string().optional(),
});
