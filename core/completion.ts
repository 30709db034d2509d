import { z } from 'zod';
import { Thought } from './sample.ts';

/** One sampled text with what the update needs to know about how it was sampled. */
export const Completion = z.strictObject({
  text: z.string(),
  /** Sampled token ids, the end token included when the policy wrote it. */
  tokenIds: z.array(z.int()),
  /** Log-probability of each sampled token under the sampling distribution (temperature and suppressed tokens applied). */
  logProbs: z.array(z.number()),
  /** True when `maxNewTokens` ended the text, not the policy. */
  truncated: z.boolean(),
});
export type Completion = z.infer<typeof Completion>;

/** The G completions of one sample. */
export const Group = z.strictObject({ sampleId: z.string(), completions: z.array(Completion) });
export type Group = z.infer<typeof Group>;

export const Rollout = z.strictObject({ step: z.int(), groups: z.array(Group) });
export type Rollout = z.infer<typeof Rollout>;

/** What a completion says, taken apart. `thought` and `caption` are absent where the text does not carry them. */
export interface ParsedCompletion {
  /** The whole text is exactly `<think>JSON</think><answer>caption</answer>` and the JSON meets the schema. */
  wellFormed: boolean;
  thought?: Thought;
  caption?: string;
}

const WHOLE = /^\s*<think>([\s\S]*?)<\/think>\s*<answer>([\s\S]*?)<\/answer>\s*$/;
const THINK = /<think>([\s\S]*?)<\/think>/;
const ANSWER = /<answer>([\s\S]*?)<\/answer>/;

/** Takes a completion apart. Never throws: model output is untrusted text. */
export function parseCompletion(text: string): ParsedCompletion {
  const whole = WHOLE.exec(text);
  const thought = parseThought((whole ?? THINK.exec(text))?.[1]);
  const caption = (whole?.[2] ?? ANSWER.exec(text)?.[1])?.trim();
  return {
    wellFormed: whole !== null && thought !== undefined && Boolean(caption),
    ...(thought && { thought }),
    ...(caption && { caption }),
  };
}

function parseThought(json: string | undefined): Thought | undefined {
  if (json === undefined) return undefined;
  try {
    return Thought.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
