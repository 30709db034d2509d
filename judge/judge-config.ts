import { z } from 'zod';

/** A config travels into histories, MLflow and reports: it must hold no secret. */
function hasCredentials(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed !== undefined && (parsed.username !== '' || parsed.password !== '' || parsed.search !== '');
}

const RuleBasedJudge = z.strictObject({ kind: z.literal('rule-based') });
const OpenAiJudge = z.strictObject({
  kind: z.literal('openai'),
  baseUrl: z
    .url()
    .refine((url) => !hasCredentials(url), {
      error:
        'set a URL without user name, password and query; the key goes into the environment variable that judge.apiKeyEnv names',
    })
    .default('https://api.openai.com/v1'),
  model: z.string().min(1),
  /** Name of the environment variable that holds the key; the key itself never enters a config. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .default('OPENAI_API_KEY'),
  concurrency: z.int().min(1).max(512).default(8),
  timeoutSeconds: z.number().positive().max(600).default(60),
  /** Of an answer. Models that think first get 8192 more for that: `judge/client/dialect.ts`. */
  maxTokens: z.int().min(16).default(1024),
  /** How answers are kept to their shape: by the server's structured output, its JSON mode, or by asking alone. `videocap judge check` says what it has. */
  answerFormat: z.enum(['json-schema', 'json-object', 'text']).default('json-schema'),
  /** What the endpoint allows, over everything that this worker asks it. */
  requestsPerMinute: z.int().min(1).optional(),
  tokensPerMinute: z.int().min(1).optional(),
  /** USD per million tokens. */
  price: z
    .strictObject({
      inputPerMillion: z.number().nonnegative().default(0),
      outputPerMillion: z.number().nonnegative().default(0),
    })
    .prefault({}),
  /** What a run may spend before it pauses: `calls` to the question, `usd` to about one question. Tokens that the endpoint does not count are estimated. */
  budget: z
    .strictObject({ usd: z.number().nonnegative().optional(), calls: z.int().nonnegative().optional() })
    .prefault({}),
  /** How long an endpoint may give no answer at all before the run pauses and a person is needed. */
  patienceSeconds: z.number().positive().default(86_400),
});
export const JudgeConfig = z.discriminatedUnion('kind', [RuleBasedJudge, OpenAiJudge]);
export type JudgeConfig = z.infer<typeof JudgeConfig>;

/** Does anything that the judge says cost anything? */
export function isPriced({ price }: Extract<JudgeConfig, { kind: 'openai' }>): boolean {
  return price.inputPerMillion > 0 || price.outputPerMillion > 0;
}
