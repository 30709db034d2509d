import type { LlmClient } from './client/llm-client.ts';
import type { Judge } from './judge.ts';
import { completenessNaturalness } from './questions/completeness-naturalness.ts';
import { eventEntailment } from './questions/event-entailment.ts';
import { eventExtraction } from './questions/event-extraction.ts';
import { keyPointCoverage } from './questions/key-point-coverage.ts';
import type { Outcome } from './questions/question.ts';
import { questionAnswering } from './questions/question-answering.ts';
import type { CaptionRatings, Verdict } from './verdict.ts';

/** Decides by asking a language model. */
export class LlmJudge implements Judge {
  readonly isLlm = true;
  readonly #client: LlmClient;

  constructor(client: LlmClient) {
    this.#client = client;
  }

  get name() {
    return this.#client.name;
  }

  get usage() {
    return this.#client.usage;
  }

  get answeredBy() {
    return this.#client.answeredBy;
  }

  async entail(text: string, events: readonly string[], signal?: AbortSignal): Promise<Outcome<Verdict[]>> {
    if (events.length === 0) return { answer: [] };
    return this.#client.ask(eventEntailment(text, events), signal);
  }

  async extractEvents(text: string, signal?: AbortSignal): Promise<Outcome<string[]>> {
    return this.#client.ask(eventExtraction(text), signal);
  }

  async rate(caption: string, reference: string, signal?: AbortSignal): Promise<Outcome<CaptionRatings>> {
    return this.#client.ask(completenessNaturalness(caption, reference), signal);
  }

  async answer(
    caption: string,
    { question, options }: { question: string; options: readonly string[] },
    signal?: AbortSignal,
  ): Promise<Outcome<number | null>> {
    return this.#client.ask(questionAnswering(caption, question, options), signal);
  }

  async findKeyPoints(
    caption: string,
    keyPoints: readonly string[],
    signal?: AbortSignal,
  ): Promise<Outcome<boolean[]>> {
    return this.#client.ask(keyPointCoverage(caption, keyPoints), signal);
  }

  /** A language model can read any reference. */
  checkReference(): void {}
}
