import { VideocapError } from '../core/errors.ts';
import type { TextLengths } from '../core/text-lengths.ts';
import type { OwnSample } from './own-sample.ts';

/** What texts must fit into, in tokens of the policy. */
export interface TokenLimits {
  lengths: TextLengths;
  /** What the policy is asked about a sample that has no prompt of its own. */
  prompts: readonly string[];
  /** The text that the policy learns to write for a training sample; absent: it learns from its own completions. */
  reference?: ((sample: Pick<OwnSample, 'thought' | 'caption'>) => string) | undefined;
  maxReferenceTokens: number;
  /** The longest completions that the policy writes about each split, by the config's fields. */
  completions: { train?: Field | undefined; heldOut: Field };
}

/** A field of the config with its value. */
interface Field {
  field: string;
  tokens: number;
}

/**
 * The config's own prompts and the completions that it asks for must fit into the model's context.
 * @throws VideocapError `InvalidConfig`; `InvalidInput` for a prompt with a special token.
 */
export function requireContext({ lengths, prompts, completions: { train, heldOut } }: TokenLimits): void {
  const { context } = lengths;
  const prompt = Math.max(...prompts.map((text) => lengths.prompt(text)));
  if (context === undefined) return;
  for (const { field, tokens } of [...(train ? [train] : []), heldOut])
    if (prompt + tokens > context)
      throw new VideocapError(
        'InvalidConfig',
        `${field}: ${tokens} tokens and the prompt's ${prompt} are more than the ${context} that the model was made ` +
          `for (max_position_embeddings); set at most ${Math.max(0, context - prompt)}, less the video's tokens, or ` +
          'shorten prompt.texts.',
      );
}

/** Why a sample's texts are too long, or `undefined` of one whose texts fit. */
export function tooLong(sample: OwnSample, split: 'train' | 'heldOut', limits: TokenLimits): string | undefined {
  const { lengths, prompts, maxReferenceTokens, completions } = limits;
  const learnt = split === 'train' ? limits.reference?.(sample) : undefined;
  const reference = learnt === undefined ? undefined : lengths.completion(learnt);
  if (reference !== undefined && reference > maxReferenceTokens)
    return (
      `its reference has ${reference} tokens, more than dataset.maxReferenceTokens (${maxReferenceTokens}); ` +
      'shorten it or raise the limit'
    );
  const { context = Number.POSITIVE_INFINITY } = lengths;
  if (sample.prompt === undefined && reference === undefined) return undefined; // as `requireContext` has found
  const asked = sample.prompt === undefined ? prompts : [sample.prompt];
  const prompt = Math.max(...asked.map((text) => lengths.prompt(text)));
  const after = reference ?? completions[split]?.tokens ?? 0;
  if (prompt + after <= context) return undefined;
  const what = reference === undefined ? `${completions[split]?.field} (${after})` : `its reference (${after})`;
  return `its prompt (${prompt} tokens) and ${what} are more than the ${context} tokens that the model was made for`;
}
