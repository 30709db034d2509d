import type { ParsedCompletion } from '../../core/completion.ts';
import type { Sample } from '../../core/sample.ts';
import type { CustomGroup } from '../component.ts';

/** A completion as a custom reward gets it: `caption` and `thought` are absent where the text does not carry them. */
export interface RewardedCompletion extends ParsedCompletion {
  /** Exactly as the policy wrote it. */
  text: string;
}

/** What a custom reward gets of a sample: `thought` and `events` are absent where the data set has none. */
export type RewardedSample = Pick<Sample, 'id' | 'caption' | 'thought' | 'events'>;

/**
 * What a reward module exports as its default. It must be a function of its arguments alone: a completion that is
 * scored again must get the same score. `null` and a throw mean that it cannot score this completion.
 */
export type RewardFunction = (
  completion: RewardedCompletion,
  sample: RewardedSample,
) => number | null | Promise<number | null>;

/** A group as custom rewards get it. The video's path stays here. */
export function rewardedGroup({ sample, completions, texts }: CustomGroup): {
  sample: RewardedSample;
  completions: RewardedCompletion[];
} {
  const { id, caption, thought, events } = sample;
  return {
    sample: { id, caption, ...(thought && { thought }), ...(events && { events }) },
    completions: completions.map((completion, i) => ({ ...completion, text: texts[i]! })),
  };
}
