import { z } from 'zod';
import { uniformAt } from './random.ts';

/** Characters of an instruction: its tokens are computed for every clip. */
const MAX_PROMPT = 2000;

/** How the tokenizers of Qwen2-VL and its relatives write special tokens: `<|video_pad|>`. */
const SPECIAL_TOKEN = /<\|[^<>|\s]+\|>/;

/**
 * An instruction to the policy: the text of the user's turn, which the model's chat template puts after the video. An
 * engine refuses the names of its own model's special tokens as well.
 */
export const PromptText = z
  .string()
  .trim()
  .min(1)
  .max(MAX_PROMPT)
  .refine((text) => !SPECIAL_TOKEN.test(text), {
    error: 'leave out special tokens such as <|video_pad|>: the chat template of the model sets them',
  })
  .refine((text) => !/\p{Surrogate}/u.test(text), {
    error: 'write the text again: it holds half of a character (a lone surrogate such as \\ud83d)',
  });

/** Where an instruction is drawn: a round of a step. */
export interface PromptPlace {
  seed: number;
  step: number;
  round: number;
}

/**
 * What the policy is asked about a sample: the sample's own prompt, or one of `texts`, drawn by seed, step, round and
 * sample, each as likely as the others. Without a place, for benchmarks, the first text. All completions of a group
 * answer the same.
 * @param texts at least one.
 */
export function promptOf(
  sample: { id: string; prompt?: string | undefined },
  texts: readonly string[],
  at?: PromptPlace,
) {
  if (sample.prompt !== undefined) return sample.prompt;
  if (!at || texts.length === 1) return texts[0]!;
  const { seed, step, round } = at;
  return texts[Math.floor(uniformAt(seed, ['prompt', step, round, sample.id]) * texts.length)]!;
}
