import type { Verdict } from '../verdict.ts';

/**
 * How an endpoint is asked to keep answers to their shape, from the strictest: the server's structured output, its JSON
 * mode, or the prompt alone. `videocap judge check` says which of them an endpoint has.
 */
export const ANSWER_FORMATS = ['json-schema', 'json-object', 'text'] as const;
export type AnswerFormat = (typeof ANSWER_FORMATS)[number];

/** Whether an endpoint can be asked for answers in one format. */
export interface FormatCheck {
  /** Real questions get answers that can be used. */
  works: boolean;
  /** Whether the server enforces the format; absent if that is unknown or does not apply. */
  enforced?: boolean;
  /** Why it does not work. */
  fault?: string;
}

/** A question with a known answer, and the endpoint's. */
export interface ExampleVerdicts {
  description: string;
  events: { event: string; entailed: boolean; verdict: Verdict }[];
}

/** What `videocap judge check` finds out about an endpoint, whichever provider it has. */
export interface EndpointCheck {
  endpoint: string;
  model: string;
  /** How the requests differ from the provider's usual ones, by config field: `judge.extraBody`, and `proxy`. */
  options: Record<string, string>;
  /** Models that the endpoint lists; absent where it lists none. */
  models?: string[];
  /** Why it cannot be used at all, in one sentence. */
  fault?: string;
  /** What to change in the config, a sentence each: other settings with which the endpoint does answer. */
  advice: string[];
  formats: Partial<Record<AnswerFormat, FormatCheck>>;
  /** Where no format works: what to change, if it is known, in one sentence. */
  remedy?: string;
  /** The format to set as `judge.answerFormat`. */
  answerFormat?: AnswerFormat;
  /** Fields of a request that the model refuses, and is asked without: `temperature`, `max_tokens`. */
  refused: string[];
  /** Whether it counts tokens; otherwise they are estimated. */
  reportsTokens?: boolean;
  /** Seconds of every request with an answer. */
  latencySeconds: number[];
  example?: ExampleVerdicts;
  /**
   * The same with a caption that gives orders; a judge that follows them finds events that the caption does not have.
   */
  hostile?: ExampleVerdicts;
}

export interface EndpointCheckOptions {
  /** Where the key is looked up. */
  env?: NodeJS.ProcessEnv;
  /** Wraps each part of the check, to show progress. */
  step?: <T>(title: string, work: () => Promise<T>) => Promise<T>;
}

/** Whether the endpoint finds every event that the caption entails, and no other. */
export function isRight({ events }: ExampleVerdicts): boolean {
  return events.every(({ entailed, verdict }) => entailed === (verdict === 'entailment'));
}
