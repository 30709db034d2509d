import { z } from 'zod';
import { OPENAI_FIELDS } from './providers/openai/openai-config.ts';

/** The config section `judge`. Pure: workflows import it. */

/** Only what needs no judge is scored. */
export const NO_JUDGE = { kind: 'none' } as const;
const NoFields = z.strictObject({
  /** No judge: only rewards and metrics that need none. */
  kind: z.literal(NO_JUDGE.kind),
});

const RuleBasedFields = z.strictObject({
  /** Rules that parse captions of the small world. It is not a language model. */
  kind: z.literal('rule-based'),
});

/** When the run pauses because the judge scores too few completions to train on. */
export const PauseWhen = z.strictObject({
  /** Of what the judge was asked for in a step, the share that it could score, 0-1. 0: never. */
  scorableBelow: z.number().min(0).max(1).default(0.25),
  /** So many steps in a row. */
  steps: z.int().min(1).default(2),
});
export type PauseWhen = z.infer<typeof PauseWhen>;

/** USD per million tokens. */
export const Price = z.strictObject({
  /** Of what the endpoint is sent. */
  inputPerMillion: z.number().nonnegative().default(0),
  /** Of what it answers. */
  outputPerMillion: z.number().nonnegative().default(0),
});
export type Price = z.infer<typeof Price>;

/** The fields that every language model has, whichever provider serves it. */
const LLM_FIELDS = {
  /** A language model. */
  kind: z.literal('llm'),
  /** Questions asked at a time by each stage of a run. */
  concurrency: z.int().min(1).max(512).default(8),
  /** Of one request. */
  timeoutSeconds: z.number().positive().max(600).default(60),
  /** Of an answer. A provider may allow more for what a model thinks before it answers. */
  maxTokens: z.int().min(16).default(1024),
  /** What the endpoint allows, over all runs and workers; several share it by `videocap worker --judge-workers`. */
  requestsPerMinute: z.int().min(1).optional(),
  /** The same for tokens. */
  tokensPerMinute: z.int().min(1).optional(),
  /** USD per million tokens. */
  price: Price.prefault({}),
  /**
   * What a run may spend before it pauses: `calls` is exact, `usd` may be exceeded by about one question. Tokens that
   * the endpoint does not count are estimated.
   */
  budget: z
    .strictObject({
      /** USD by `price`. */
      usd: z.number().nonnegative().optional(),
      /** Questions put to the judge; answers that are stored already cost nothing. */
      calls: z.int().nonnegative().optional(),
    })
    .prefault({}),
  /** How long an endpoint may give no answer at all before the run pauses until a person resumes it. */
  patienceSeconds: z.number().positive().default(86_400),
  /** When a run pauses until a person resumes it, since the judge answers but too little can be scored. */
  pauseWhen: PauseWhen.prefault({}),
};

/**
 * One object a provider: `provider` chooses it, and OpenAI's is the default. Its own fields must include `model` and
 * `baseUrl`, by which reports and annotations name a judge.
 */
const LlmFields = z.discriminatedUnion('provider', [z.strictObject({ ...OPENAI_FIELDS, ...LLM_FIELDS })]);
export type LlmJudgeConfig = z.infer<typeof LlmFields>;
export type ProviderName = LlmJudgeConfig['provider'];
export type Budget = LlmJudgeConfig['budget'];

export const JudgeConfig = z.discriminatedUnion('kind', [RuleBasedFields, LlmFields, NoFields]);
export type JudgeConfig = z.infer<typeof JudgeConfig>;

/**
 * The judge's config without the fields that do not change its answers: price, limits, patience. Two policies were
 * judged alike if the rest is equal.
 */
export function judgement(judge: JudgeConfig): Partial<JudgeConfig> {
  if (!isLlm(judge)) return judge;
  const { concurrency, timeoutSeconds, requestsPerMinute, tokensPerMinute, price, budget, patienceSeconds, ...rest } =
    judge;
  return rest;
}

/** Whether a language model judges, and not a rule. */
export function isLlm(judge: JudgeConfig): judge is LlmJudgeConfig {
  return judge.kind === 'llm';
}

/** Whether there is a judge at all. */
export function hasJudge({ kind }: Pick<JudgeConfig, 'kind'>): boolean {
  return kind !== NO_JUDGE.kind;
}

/** Whether the judge reads only the references of the small world. */
export function needsSmallWorld({ kind }: JudgeConfig): boolean {
  return kind === 'rule-based';
}

/** Whether an answer costs anything: at a price of 0, a budget in USD is never reached. */
export function isPriced({ price }: Pick<LlmJudgeConfig, 'price'>): boolean {
  return price.inputPerMillion > 0 || price.outputPerMillion > 0;
}
