import { z } from 'zod';

/**
 * What a caption says of one event, in AutoDQ's three classes. Only `entailment` ever counts as told; the other two are kept
 * apart for people who look at a score.
 */
export const Verdict = z.enum(['entailment', 'neutral', 'contradiction']);
export type Verdict = z.infer<typeof Verdict>;

/** Not known yet, or not to be known: the same two cases as in `core/score.ts`. */
const Pending = z.strictObject({ pending: z.literal(true) });
const Unscorable = z.strictObject({ unscorable: z.literal(true), reason: z.string() });
export type Unknown = z.infer<typeof Pending> | z.infer<typeof Unscorable>;

/** Exactly one verdict an event, in the order of the events. */
export const EntailmentOutcome = z.union([z.strictObject({ verdicts: z.array(Verdict) }), Pending, Unscorable]);
export type EntailmentOutcome = z.infer<typeof EntailmentOutcome>;

/** The events a text tells, each a short sentence, without repetitions. */
export const ExtractionOutcome = z.union([z.strictObject({ events: z.array(z.string()) }), Pending, Unscorable]);
export type ExtractionOutcome = z.infer<typeof ExtractionOutcome>;

/** How many questions a judge answered itself, and how many had been answered before. */
export interface JudgeMeter {
  calls: number;
  cacheHits: number;
}

/**
 * Who decides whether a caption tells an event. Texts are untrusted: a caption is model output, and what it says about
 * how to be judged must not matter.
 *
 * A question that gets no answer because of the judge's side (network, overload, wrong key) throws a `VideocapError`;
 * one that the judge will not or cannot answer is `unscorable`. Neither ever becomes a verdict.
 */
export interface Judge {
  /** For reports: the model's name, or what this judge is instead. */
  readonly name: string;
  readonly isLlm: boolean;
  readonly meter: JudgeMeter;
  entail(text: string, events: readonly string[], signal?: AbortSignal): Promise<EntailmentOutcome>;
  extractEvents(text: string, signal?: AbortSignal): Promise<ExtractionOutcome>;
  /**
   * Refuses reference events that this judge cannot read, before any completion is scored with them.
   * @throws VideocapError `InvalidConfig`
   */
  checkReference(sampleId: string, events: readonly string[]): void;
}

export type QuestionKind = 'entail' | 'extract';

/** A judge whose answers cost something, and therefore are kept in the ledger. */
export interface PaidJudge extends Judge {
  /** Everything besides the question that determines an answer: endpoint, model, prompt with its version, decoding. */
  identity(kind: QuestionKind): Record<string, string | number>;
}
