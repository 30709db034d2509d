import type { GrpoConfig } from '../../algorithms/grpo.ts';
import type { OptimizerConfig } from '../../algorithms/optimizer-config.ts';
import { VideocapError } from '../../core/errors.ts';
import type { CompletionBatch, ReferenceBatch, UpdateRequest } from '../../core/policy-engine.ts';
import type { Shown } from '../../core/sample.ts';
import { tokenWeights } from '../aggregation.ts';

/** A group with what the update learns from: completions that count, each with the weight of its tokens in the loss. */
export interface LearntGroup extends Shown {
  sampleId: string;
  completions: { tokenIds: readonly number[]; logProbs?: readonly number[]; advantage?: number; weight: number }[];
}

/** What a loss takes besides the groups: numbers by the names that `workers/torch/videocap_torch/losses` give them. */
interface LossSettings {
  scalars: Record<string, number>;
  /** Updates on one batch. */
  iterations: number;
  /** Whether ratios are taken to the log-probabilities that were recorded while sampling. */
  ratiosToRecorded: boolean;
}

type SurrogateConfig = Pick<GrpoConfig, 'iterations' | 'rolloutLag' | 'beta' | 'clipLow' | 'clipHigh'> &
  Partial<GrpoConfig>;

/** Every loss that the ranks have, with what it takes of an algorithm's section. */
const LOSSES = {
  grpo: { learnsFrom: 'completions', settings: surrogate },
  gspo: { learnsFrom: 'completions', settings: surrogate },
  sft: {
    learnsFrom: 'references',
    settings: (): LossSettings => ({ scalars: {}, iterations: 1, ratiosToRecorded: false }),
  },
} as const;

function surrogate({ iterations, rolloutLag, beta, clipLow, clipHigh }: SurrogateConfig): LossSettings {
  return {
    scalars: { clip_low: clipLow, clip_high: clipHigh, beta },
    iterations,
    ratiosToRecorded: rolloutLag === 1,
  };
}

/** @throws VideocapError `InvalidInput` for a loss that the engine does not have, or a batch of another kind. */
export function lossSettings({
  loss,
  algorithm,
  batch,
}: Pick<UpdateRequest, 'loss' | 'algorithm' | 'batch'>): LossSettings & { optimizer: OptimizerConfig } {
  const known = Object.hasOwn(LOSSES, loss) ? LOSSES[loss as keyof typeof LOSSES] : undefined;
  if (!known || known.learnsFrom !== batch.learnsFrom)
    throw new VideocapError(
      'InvalidInput',
      `The torch engine has no loss "${loss}" that learns from ${batch.learnsFrom}; use an algorithm with one of ` +
        `${Object.keys(LOSSES).join(', ')}.`,
    );
  const config = algorithm as unknown as SurrogateConfig & { optimizer: OptimizerConfig };
  return { ...known.settings(config), optimizer: config.optimizer };
}

/**
 * Groups with something to learn from. Completions without an advantage have no part in the loss and count in no
 * denominator, so they are not computed.
 */
export function sampledGroups(
  { groups, maxLength }: CompletionBatch,
  algorithm: UpdateRequest['algorithm'],
): LearntGroup[] {
  const lengths = groups.map(({ completions }) =>
    completions.map(({ tokenIds, advantage }) => (advantage === null ? null : tokenIds.length)),
  );
  const { aggregation = 'grpo' } = algorithm as Partial<GrpoConfig>;
  const weights = tokenWeights(lengths, aggregation, maxLength);
  return groups
    .map(({ completions, ...shown }, g) => ({
      ...shown,
      completions: completions.flatMap(({ tokenIds, logProbs, advantage }, c) =>
        advantage === null ? [] : [{ tokenIds, logProbs, advantage, weight: weights[g]![c]! }],
      ),
    }))
    .filter(({ completions }) => completions.length > 0);
}

/** References as completions whose tokens share the loss equally. */
export function referenceGroups({ samples }: ReferenceBatch, tokensOf: (text: string) => number[]): LearntGroup[] {
  const encoded = samples.map(({ text, ...shown }) => ({ shown, tokenIds: tokensOf(text) }));
  const tokens = encoded.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return encoded.map(({ shown, tokenIds }) => ({ ...shown, completions: [{ tokenIds, weight: 1 / tokens }] }));
}
