import { z } from 'zod';
import type { ParsedCompletion } from '../core/completion.ts';
import type { RandomPath } from '../core/random.ts';
import type { ReferenceField, Sample, SampleFields } from '../core/sample.ts';
import type { Score } from '../core/score.ts';
import type { Judge } from '../judge/judge.ts';
import type { CaptionReading } from '../judge/read-caption.ts';
import type { DocumentFrequencies } from './reference/cider-d.ts';
import type { Compared } from './think/compared.ts';
import type { Similarity, SimilarityName } from './think/similarity.ts';

/** What every component's config section has: how much the component counts in the total. */
export interface ComponentSection {
  weight: number;
}

/** The largest weight, and the largest score of a custom reward: sums of their squares must stay finite. */
export const LARGEST = 1e9;

/** The least weight above 0: beside others a smaller one is lost to rounding, and its squares are 0. */
const LEAST_WEIGHT = 1e-6;

/** How much the component counts in the total. With weight 0 it is scored, but not part of the total. */
export const Weight = z
  .number()
  .nonnegative()
  .max(LARGEST)
  .refine((weight) => weight <= 0 || weight >= LEAST_WEIGHT, {
    error: 'set 0, or a number of at least 0.000001: a smaller weight is lost to rounding',
  })
  .default(1);

/** A completion as components see it. */
export interface CompletionToScore extends ParsedCompletion {
  /** All of its tokens, the end token included; absent where the text was made elsewhere. */
  tokens?: number | undefined;
}

/** The completions of one sample, in the rollout's order. */
export interface GroupToScore {
  sample: Sample;
  completions: readonly CompletionToScore[];
}

/**
 * One part of the reward. Schema, combination, records, tables, charts and reports follow from this declaration.
 * `Config` is the component's own section of the experiment file, `reward.<name>`.
 */
export type RewardComponent<Config extends ComponentSection = ComponentSection> =
  | LocalComponent<Config>
  | JudgedComponent<Config>
  | CustomComponent<Config>;

interface Common<Config> {
  readonly name: string;
  readonly config: z.ZodType<Config>;
  /** Lowest and highest value of a score. */
  readonly range: readonly [number, number];
  /** Its line in charts: a colour of the report's style sheet. */
  readonly colour: 'orange' | 'teal' | 'violet' | 'accent' | 'rose' | 'olive';
  /** What samples must have beside a caption. */
  readonly needs?: Need;
}

/**
 * A field of samples that a component cannot score without. `every sample`: a training sample without it is set aside
 * before anything is computed. `some sample`: a data set in which no sample has it is refused; a completion of a sample
 * without it has no score.
 */
export type Need =
  | { readonly field: ReferenceField; readonly in: 'every sample' }
  | { readonly field: keyof SampleFields; readonly in: 'some sample' };

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
  /** What a component has compared by a phrase similarity. */
  onCompared?(component: string, compared: Compared): void;
  signal?: AbortSignal | undefined;
}

/** Scored by asking the judge. */
export interface JudgedComponent<Config extends ComponentSection = ComponentSection> extends Common<Config> {
  readonly scored: 'by the judge';
  /** What led to the scores of one group, stored for people who look at them. */
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
  /** Where random choices come from (`core/random.ts`): the run's seed, and a path that names the step and round. */
  random: { seed: number; path: RandomPath };
  /** Called after each completion. */
  onScored(): void;
  signal?: AbortSignal | undefined;
}

/** Scored by code that is no part of this project: what the owner of the worker has allowed. */
export interface CustomComponent<Config extends ComponentSection = ComponentSection> extends Common<Config> {
  readonly scored: 'by custom code';
  /** @returns one score a completion, in their order. */
  score(group: CustomGroup, config: Config, tools: CustomTools): Promise<Score[]>;
}

/** The completions of one sample, with their texts exactly as the policy wrote them, in the same order. */
export interface CustomGroup extends GroupToScore {
  texts: readonly string[];
}

export interface CustomTools {
  /** What the custom code says of each completion, in their order. */
  answers(group: CustomGroup): Promise<readonly CustomAnswer[]>;
}

/** A number, which need not be within the range; or why there is none. */
export type CustomAnswer = { value: number } | { error: string };
