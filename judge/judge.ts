import type { Identity } from '../core/identity.ts';
import type { Outcome } from './questions/question.ts';
import type { JudgeUsage } from './usage.ts';
import type { CaptionRatings, Verdict } from './verdict.ts';

/**
 * Decides whether a caption entails an event. Texts are untrusted: a caption is model output, and what it says about
 * how to be judged must not matter.
 */
export interface Judge {
  /** For reports: the model's name, or that a rule judges. */
  readonly name: string;
  readonly isLlm: boolean;
  readonly usage: JudgeUsage;
  /** Of a language model: the versions that have given the answers so far, each once. */
  readonly answeredBy: Identity[];
  /** Exactly one verdict an event, in the order of the events. */
  entail(text: string, events: readonly string[], signal?: AbortSignal): Promise<Outcome<Verdict[]>>;
  /** The events of a text, each a short sentence, without repetitions. */
  extractEvents(text: string, signal?: AbortSignal): Promise<Outcome<string[]>>;
  /**
   * How much of a reference caption a caption covers, and how well it is written.
   * @throws VideocapError `InvalidConfig` where this judge cannot rate.
   */
  rate(caption: string, reference: string, signal?: AbortSignal): Promise<Outcome<CaptionRatings>>;
  /**
   * Which option is right, by the caption alone: an index into `options`, or `null` where the caption does not say.
   * @throws VideocapError `InvalidConfig` where this judge cannot read the question.
   */
  answer(
    caption: string,
    question: { question: string; options: readonly string[] },
    signal?: AbortSignal,
  ): Promise<Outcome<number | null>>;
  /**
   * For each key point, in their order, whether the caption mentions it correctly.
   * @throws VideocapError `InvalidConfig` where this judge cannot read a key point.
   */
  findKeyPoints(caption: string, keyPoints: readonly string[], signal?: AbortSignal): Promise<Outcome<boolean[]>>;
  /**
   * Refuses reference events that this judge cannot read, before any completion is scored with them.
   * @throws VideocapError `InvalidConfig`
   */
  checkReference(sampleId: string, events: readonly string[]): void;
}
