import type { ScoredRollout } from '../contracts/run-results.ts';
import { clipped } from '../core/clipped.ts';
import type { Group } from '../core/completion.ts';
import type { ReadManifest } from '../core/manifest.ts';
import { COMPONENTS } from '../rewards/registry.ts';
import type { Table } from './logged-tables.ts';
import { rounded } from './rounded.ts';

/** A rollout's scores with what was sampled. */
export type SampledRollout = Pick<ScoredRollout, 'scores' | 'rewards' | 'advantages'> & { groups: readonly Group[] };

/** Of a completion, in the order of the table's columns but for the components. `null`: no such number exists. */
export interface CompletionRow {
  id: string;
  completion: string;
  step: number;
  prompt: string | null;
  sample: string;
  reward: number | null;
  advantage: number | null;
  /** By component that was scored. */
  scores: Readonly<Record<string, number | null>>;
  /** The page of its trace, where it has one. */
  trace?: string;
  reference: string;
}

/** Of the table of a run: the rows of a step, and the characters of a text. All of them are in the step's own table. */
const ROWS_OF_A_STEP = 16;
const LONGEST_TEXT = 2000;

/** Of the table of a run: steps, besides the first. */
const MOST_STEPS = 32;

/**
 * The steps of a run whose completions stand in the run's table, while `last` is its last one: the first, what training
 * started from, and multiples of a power of two, at most 33 together. So few of them change from step to step that the
 * table is seldom written.
 */
export function tabledSteps(last: number): number[] {
  let stride = 1;
  while (last / stride >= MOST_STEPS + 1) stride *= 2;
  const multiples = Array.from({ length: Math.floor(last / stride) }, (_, i) => (i + 1) * stride);
  return stride === 1 || last < 1 ? multiples : [1, ...multiples];
}

/** Every completion of a step with what it earned, in the order of the rollouts; numbers are rounded. */
export function completionRows(
  step: number,
  rollouts: readonly SampledRollout[],
  manifest: Pick<ReadManifest, 'sample'>,
): CompletionRow[] {
  return rollouts.flatMap(({ scores, rewards, advantages, groups }) =>
    groups.flatMap(({ sampleId, prompt, completions }, g) =>
      completions.map(({ text }, c) => ({
        id: `${step} ${sampleId} #${c + 1}`,
        completion: text,
        step,
        prompt: prompt ?? null,
        sample: sampleId,
        reward: rounded(rewards[g]?.[c]),
        advantage: rounded(advantages[g]?.[c]),
        scores: Object.fromEntries(Object.entries(scores).map(([name, grid]) => [name, rounded(grid[g]?.[c])])),
        reference: manifest.sample(sampleId).caption,
      })),
    ),
  );
}

/**
 * The rows of a step whose verdicts stand as traces in MLflow: those with the highest and the lowest reward, the first
 * of equal ones, among those in the run's table.
 */
export function tracedRows(rows: readonly CompletionRow[]): CompletionRow[] {
  const rewarded = rows.slice(0, ROWS_OF_A_STEP).filter(({ reward }) => reward !== null);
  const ranked = rewarded.toSorted((a, b) => b.reward! - a.reward!);
  return [...new Set([ranked.slice(0, 1), ranked.slice(-1)].flat())];
}

/** Those of a step's rows that stand in the run's table, with long texts cut. */
export function tabledRows(rows: readonly CompletionRow[]): CompletionRow[] {
  return rows.slice(0, ROWS_OF_A_STEP).map((row) => ({
    ...row,
    completion: clipped(row.completion, LONGEST_TEXT),
    prompt: row.prompt && clipped(row.prompt, LONGEST_TEXT),
    reference: clipped(row.reference, LONGEST_TEXT),
  }));
}

/**
 * A row a completion. The first column is another for every row, since MLflow's evaluation view groups by it; the
 * second is what that view shows first. All runs have the same columns but for the components of their rewards.
 */
export function completionsTable(rows: readonly CompletionRow[]): Table {
  const scored = new Set(rows.flatMap(({ scores }) => Object.keys(scores)));
  // Custom rewards after the others, as the rollouts have them.
  const names = [...new Set([...Object.keys(COMPONENTS).filter((name) => scored.has(name)), ...scored])];
  const columns = ['id', 'completion', 'step', 'prompt', 'sample', 'reward', 'advantage', ...names];
  const traced = rows.some(({ trace }) => trace !== undefined);
  return {
    columns: [...columns, ...(traced ? ['judge trace'] : []), 'reference'],
    data: rows.map(({ id, completion, step, prompt, sample, reward, advantage, scores, trace, reference }) => [
      ...[id, completion, step, prompt, sample, reward, advantage],
      ...names.map((name) => scores[name] ?? null),
      ...(traced ? [trace ?? null] : []),
      reference,
    ]),
  };
}
