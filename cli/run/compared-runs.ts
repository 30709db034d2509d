import { isDeepStrictEqual } from 'node:util';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { findRun, readProgress } from '../../contracts/read-progress.ts';
import { baseAndTrained } from '../../contracts/run-results.ts';
import type { RunProgress } from '../../contracts/run-state.ts';
import { ONE_CONDITION } from '../../contracts/sweep-plan.ts';
import type { SweepOutcome } from '../../contracts/sweep-results.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';

/** A run as its last record has it. */
export interface ComparedRun {
  run: string;
  progress: RunProgress;
}

/** @throws VideocapError `InvalidInput` for a run that is not in the store, and one that measured no trained policy. */
export async function readRuns(store: ArtifactStore, names: readonly string[]): Promise<ComparedRun[]> {
  const runs: ComparedRun[] = [];
  for (const name of names) {
    const { run, last } = await findRun(store, name);
    if (runs.some((known) => known.run === run)) continue; // named twice, by its id and its key perhaps
    const progress = await readProgress(store, run, last);
    if (progress.evaluations.length === 0)
      throw new VideocapError('InvalidInput', `Run ${name} has no benchmark yet; compare it when it has.`);
    if (measuredStep(progress) === 0 && progress.config.algorithm.steps > 0) throw untrained(name);
    runs.push({ run, progress });
  }
  return runs;
}

/** Longer names do not fit into a table. */
const LONGEST_NAME = 40;

/**
 * Runs as arms with seeds: those of one sweep have names; of others, runs whose configs differ in the seed alone are
 * one arm. It is called by what differs from the first, or by its first run.
 * @throws VideocapError `InvalidInput` for two runs of one config and seed.
 */
export function armsOf(runs: readonly ComparedRun[]): SweepOutcome[] {
  const [first] = runs;
  const sweep = first?.progress.sweep?.sweep;
  // Arms of several sweeps may have one name, and conditions, too: their configs tell them apart.
  if (sweep !== undefined && runs.every(({ progress }) => progress.sweep?.sweep === sweep))
    return runs.map((run) => {
      const { arm, condition, seed } = run.progress.sweep!;
      return { ...resultOf(run), arm, condition, seed };
    });
  const arms: { name: string; config: object; runs: ComparedRun[] }[] = [];
  return runs.map((compared): SweepOutcome => {
    const { run, progress } = compared;
    const { config } = progress;
    const own = withoutSeed(config);
    let arm = arms.find((known) => isDeepStrictEqual(known.config, own));
    if (!arm) {
      const spoken = differences(withoutSeed(first!.progress.config), own).join(' ') || config.algorithm.kind;
      const isUsable = spoken.length <= LONGEST_NAME && arms.every(({ name }) => name !== spoken);
      arm = { name: isUsable ? spoken : run, config: own, runs: [] };
      arms.push(arm);
    }
    const same = arm.runs.find((other) => other.progress.config.seed === config.seed);
    if (same) throw countedTwice(same.run, run, config.seed);
    arm.runs.push(compared);
    return { ...resultOf(compared), arm: arm.name, condition: ONE_CONDITION, seed: config.seed };
  });
}

function resultOf({ run, progress: { evaluations, best } }: ComparedRun) {
  const { details } = baseAndTrained(evaluations, best).at(-1)!;
  return { state: 'finished' as const, run, details };
}

/** The step of the policy that is compared. */
function measuredStep({ evaluations, best }: RunProgress): number {
  return baseAndTrained(evaluations, best).at(-1)!.step;
}

/** Runs that are compared before their last step: which policy of them it is. */
export function stepNotes(runs: readonly ComparedRun[]): string[] {
  return runs.flatMap(({ run, progress }) => {
    const { steps } = progress.config.algorithm;
    const step = measuredStep(progress);
    return step === steps ? [] : [`  ${run}: the policy after step ${step} of ${steps}`];
  });
}

/** What a run meets of which there is no trained policy to compare. */
export function untrained(run: string): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `Run ${run} has measured its start policy alone so far; compare it once it has measured a trained one.`,
  );
}

/** What two runs meet that are one result. */
export function countedTwice(one: string, other: string, seed: number): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `Runs ${one} and ${other} have the same config and the same seed, ${seed}: one result, which would count twice. ` +
      'Leave out one of them.',
  );
}

/** What makes two runs of one arm the same: their names and notes do not. */
function withoutSeed({ seed: _, name: __, tags: ___, note: ____, ...config }: ExperimentConfig): object {
  return config;
}

/** `algorithm.beta=0.1` of every field that differs; a kind says enough of its section. */
function differences(from: unknown, to: unknown, path = ''): string[] {
  if (isDeepStrictEqual(from, to)) return [];
  if (!isObject(from) || !isObject(to)) return [`${path}=${typeof to === 'object' ? JSON.stringify(to) : to}`];
  if ('kind' in to && from.kind !== to.kind) return [`${path}.kind=${to.kind}`];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((name) =>
    differences(from[name], to[name], path === '' ? name : `${path}.${name}`),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
