import { z } from 'zod';
import { Identity } from './identity.ts';
import { Thought } from './sample.ts';

/**
 * The form of a completion. `structured`: the paper's `<think>JSON</think><answer>caption</answer>`. `plain`: the whole
 * completion is the caption.
 */
export const OutputForm = z.enum(['structured', 'plain']);
export type OutputForm = z.infer<typeof OutputForm>;

/** The parts of a completion. `thought` and `caption` are absent where the text does not have them. */
export const ParsedCompletion = z.strictObject({
  /**
   * Structured: the whole text is exactly `<think>JSON</think><answer>caption</answer>` and the JSON meets the schema.
   * Plain: there is a caption.
   */
  wellFormed: z.boolean(),
  thought: Thought.optional(),
  caption: z.string().optional(),
});
export type ParsedCompletion = z.infer<typeof ParsedCompletion>;

/** One sampled text with what the update needs to know about how it was sampled. */
export const SampledText = z.strictObject({
  text: z.string(),
  /** Sampled token ids, the end token included when the policy wrote it. */
  tokenIds: z.array(z.int()),
  /**
   * Log-probability of each sampled token under the sampling distribution: temperature, suppressed tokens,
   * `TokenFilters`.
   */
  logProbs: z.array(z.number()),
  /**
   * Log-probability of each token under the policy alone: temperature and suppressed tokens, without `TokenFilters`.
   * This is what an update compares with. Absent where no filter was on: they are `logProbs`.
   */
  policyLogProbs: z.array(z.number()).optional(),
  /** True when `maxNewTokens` ended the text, not the policy. */
  truncated: z.boolean(),
});
export type SampledText = z.infer<typeof SampledText>;

/** A sampled text with its parts, parsed once, when it was stored. */
export const Completion = SampledText.extend({ parsed: ParsedCompletion });
export type Completion = z.infer<typeof Completion>;

/** The G completions of one sample. */
export const Group = z.strictObject({
  sampleId: z.string(),
  /** What the policy was asked; absent in rollouts of older versions. */
  prompt: z.string().optional(),
  completions: z.array(Completion),
});
export type Group = z.infer<typeof Group>;

export const Rollout = z.strictObject({ step: z.int(), groups: z.array(Group) });
export type Rollout = z.infer<typeof Rollout>;

/** A benchmark's completion of one clip. */
export const CaptionedClip = z.strictObject({
  sampleId: z.string(),
  /** What the policy was asked; absent where the caption was made elsewhere. */
  prompt: z.string().optional(),
  text: z.string(),
  /** 0 where the caption was made elsewhere. */
  tokens: z.int(),
  parsed: ParsedCompletion,
  /** The text was cut off at the token limit, as far as an endpoint says. */
  cut: z.literal(true).optional(),
  /** Why an endpoint gave no text: nothing can be scored, since that is not the policy's fault. */
  notCaptioned: z.string().optional(),
  /** Which version of which model of which endpoint wrote the text; absent where an engine computed it. */
  by: Identity.optional(),
});
export type CaptionedClip = z.infer<typeof CaptionedClip>;

/** Parses a completion, in time linear in its length. Never throws: model output is untrusted text. */
export function parseCompletion(text: string, form: OutputForm = 'structured'): ParsedCompletion {
  if (form === 'plain') {
    const caption = text.trim();
    return { wellFormed: caption !== '', ...(caption && { caption }) };
  }
  const think = between(text, '<think>', '</think>', 0);
  const answer = between(text, '<answer>', '</answer>', think?.end ?? 0) ?? between(text, '<answer>', '</answer>', 0);
  const thought = parseThought(think?.inner);
  const caption = answer?.inner.trim();
  const onlyThese =
    think !== undefined &&
    answer !== undefined &&
    think.end <= answer.start &&
    (text.slice(0, think.start) + text.slice(think.end, answer.start) + text.slice(answer.end)).trim() === '';
  return {
    wellFormed: onlyThese && thought !== undefined && Boolean(caption),
    ...(thought && { thought }),
    ...(caption && { caption }),
  };
}

function between(text: string, open: string, close: string, from: number) {
  const start = text.indexOf(open, from);
  if (start < 0) return undefined;
  const stop = text.indexOf(close, start + open.length);
  if (stop < 0) return undefined;
  return { start, end: stop + close.length, inner: text.slice(start + open.length, stop) };
}

function parseThought(json: string | undefined): Thought | undefined {
  if (json === undefined) return undefined;
  try {
    return Thought.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
