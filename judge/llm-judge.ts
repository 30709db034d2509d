import type { Judge } from './judge.ts';
import { completenessNaturalness } from './questions/completeness-naturalness.ts';
import { eventEntailment } from './questions/event-entailment.ts';
import { eventExtraction } from './questions/event-extraction.ts';
import type { Asker, Outcome } from './questions/question.ts';
import type { CaptionRatings, Verdict } from './verdict.ts';

/** Decides by asking a language model. */
export class LlmJudge implements Judge {
  readonly isLlm = true;
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  get name() {
    return this.#asker.name;
  }

  get usage() {
    return this.#asker.usage;
  }

  async entail(text: string, events: readonly string[], signal?: AbortSignal): Promise<Outcome<Verdict[]>> {
    if (events.length === 0) return { answer: [] };
    return this.#asker.ask(eventEntailment(text, events), signal);
  }

  async extractEvents(text: string, signal?: AbortSignal): Promise<Outcome<string[]>> {
    return this.#asker.ask(eventExtraction(text), signal);
  }

  async rate(caption: string, reference: string, signal?: AbortSignal): Promise<Outcome<CaptionRatings>> {
    return this.#asker.ask(completenessNaturalness(caption, reference), signal);
  }

  /** A language model reads whatever is written. */
  checkReference(): void {}
}
