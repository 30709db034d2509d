import { z } from 'zod';
import type { ParsedCompletion } from '../core/completion.ts';
import type { Sample, SampleFields } from '../core/sample.ts';
import type { Score } from '../core/score.ts';
import type { Judge } from '../judge/judge.ts';
import type { CaptionReading } from '../judge/read-caption.ts';
import type { DocumentFrequencies } from './reference/cider-d.ts';
import type { Similarity, SimilarityName } from './think/similarity.ts';

/** What every component's config section has: how much the component counts in the total. */
export interface ComponentSection {
  weight: number;
}

/** The field `weight` of a component's config section. With weight 0 a component is scored, but not part of the total. */
export const Weight = z.number().nonnegative().default(1);

/** The completions of one sample, taken apart, in the rollout's order. */
export interface GroupToScore {
  sample: Sample;
  completions: readonly ParsedCompletion[];
}

/**
 * One part of the reward. Schema, combination, records, tables, charts and reports follow from this declaration.
 * `Config` is the component's own section of the experiment file, `reward.<name>`.
 */
export type RewardComponent<Config extends ComponentSection = ComponentSection> =
  | LocalComponent<Config>
  | JudgedComponent<Config>;

interface Common<Config> {
  readonly name: string;
  readonly config: z.ZodType<Config>;
  /** Lowest and highest value of a score. */
  readonly range: readonly [number, number];
  /** Its line in charts: a colour of the report's style sheet. */
  readonly colour: 'orange' | 'teal' | 'violet' | 'accent';
  /** What samples must have beside a caption; a data set in which none has it is refused. */
  readonly needs?: keyof SampleFields;
}

/** Scored from texts alone, without asking a judge. */
export interface LocalComponent<Config extends ComponentSection = ComponentSection> extends Common<Config> {
  readonly scored: 'locally';
  /** @returns one score a completion, in their order. */
  score(group: GroupToScore, config: Config, tools: LocalTools): Promise<Score[]>;
}

export interface LocalTools {
  /** The phrase similarity of this name. */
  similarity(name: SimilarityName): Similarity;
  /** Of the training captions. */
  documentFrequencies(): Promise<DocumentFrequencies>;
  signal?: AbortSignal | undefined;
}

/** Scored by asking the judge. */
export interface JudgedComponent<Config extends ComponentSection = ComponentSection> extends Common<Config> {
  readonly scored: 'by the judge';
  /** What lies behind the scores of one group, stored for people who look at them. */
  readonly details: z.ZodType;
  /** @returns one score a completion, in their order. */
  score(group: GroupToScore, config: Config, tools: JudgedTools): Promise<{ scores: Score[]; details: unknown }>;
  /**
   * The score of a caption that was compared with the reference's events already, as benchmarks do; absent where that
   * comparison does not determine the score.
   */
  scoreOf?(reading: CaptionReading, config: Config): number | undefined;
}

export interface JudgedTools {
  judge: Judge;
  /** Called after each completion. */
  onScored(): void;
  signal?: AbortSignal | undefined;
}
