/** The results of an experiment as plain values, in which the two revisions are compared. */

export interface CompletionOutcome {
  text: string;
  truncated: boolean;
  tokenIds: number[];
  logProbs: number[];
}

/** One number a completion, laid out as `[groups][completions]`; `null` where it has none. */
export type Grid = (number | null)[][];

export interface BenchmarkOutcome {
  captions: { sampleId: string; text: string; tokens: number }[];
  metrics: Record<string, number>;
}

/** One step, in the order in which its parts are made: the first difference is nearest to its cause. */
export interface StepOutcome {
  step: number;
  /** Of GRPO. */
  groups: { sampleId: string; completions: CompletionOutcome[] }[];
  scores: { format: Grid; think: Grid; caption: Grid; total: Grid; advantage: Grid } | undefined;
  metrics: Record<string, number>;
  /** sha256 of the checkpoint. */
  weights: string;
  /** Absent before the first update. */
  optimizer: string | undefined;
  /** Of the held-out split, where the step was measured. */
  benchmark: BenchmarkOutcome | undefined;
}

/** Step 0 is the state before the first update. */
export interface RunOutcome {
  steps: StepOutcome[];
}

export interface Outcome {
  grpo: RunOutcome;
  sft: RunOutcome;
  /** Request bodies that the judge's endpoint answered, with how often. */
  judge: Record<string, number>;
  /** How often the worker died. */
  deaths: number;
}

export const METHODS = ['grpo', 'sft'] as const;
export type Method = (typeof METHODS)[number];

/** Reads a finished run from an artifact store's folder. */
export type ReadOutcome = (store: string, runKey: string, steps: number) => Promise<RunOutcome>;

/**
 * Why an outcome would prove nothing, however equal: numbers that do not vary would be equal whatever computed them.
 * Empty when it is worth comparing.
 */
export function blindSpots({ grpo, sft, judge }: Outcome): string[] {
  const scores = grpo.steps.flatMap((step) => step.scores ?? []);
  const varies = (grids: Grid[]) => new Set(grids.flat(2)).size > 1;
  const learns = ({ steps }: RunOutcome) => new Set(steps.map(({ weights }) => weights)).size === steps.length;
  const expected: Record<string, boolean> = {
    'GRPO learns nothing in some step': learns(grpo),
    'SFT learns nothing in some step': learns(sft),
    'format scores are all the same': varies(scores.map(({ format }) => format)),
    'think scores are all the same': varies(scores.map(({ think }) => think)),
    'caption scores are all the same': varies(scores.map(({ caption }) => caption)),
    'advantages are all the same': varies(scores.map(({ advantage }) => advantage)),
    'the judge was asked nothing': Object.keys(judge).length > 0,
    'no step was measured on the way': grpo.steps.slice(1, -1).some(({ benchmark }) => benchmark),
  };
  return Object.entries(expected).flatMap(([complaint, holds]) => (holds ? [] : [complaint]));
}
