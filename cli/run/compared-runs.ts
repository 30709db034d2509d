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

/** @throws VideocapError `InvalidInput` for a run that is not in the store, and one without a benchmark. */
export async function readRuns(store: ArtifactStore, names: readonly string[]): Promise<ComparedRun[]> {
  const runs: ComparedRun[] = [];
  for (const name of names) {
    const { run, last } = await findRun(store, name);
    if (runs.some((known) => known.run === run)) continue; // named twice, by its id and its key perhaps
    const progress = await readProgress(store, run, last);
    if (progress.evaluations.length === 0)
      throw new VideocapError('InvalidInput', `Run ${name} has no benchmark yet; compare it when it has.`);
    runs.push({ run, progress });
  }
  return runs;
}

/** Longer names do not fit into a table. */
const LONGEST_NAME = 40;

/**
 * Runs as arms with seeds: those of a sweep have names; of others, runs whose configs differ in the seed alone are one
 * arm. It is called by what differs from the first, or by its first run.
 */
export function armsOf(runs: readonly ComparedRun[]): SweepOutcome[] {
  const arms: { name: string; config: object }[] = [];
  const [first] = runs;
  return runs.map(({ run, progress }): SweepOutcome => {
    const { config, sweep, evaluations, best } = progress;
    const details = baseAndTrained(evaluations, best && { step: best.step }).at(-1)!.details;
    const result = { state: 'finished' as const, run, details };
    if (sweep) return { ...result, arm: sweep.arm, condition: sweep.condition, seed: sweep.seed };
    const own = withoutSeed(config);
    let arm = arms.find((known) => isDeepStrictEqual(known.config, own));
    if (!arm) {
      const spoken = differences(withoutSeed(first!.progress.config), own).join(' ') || config.algorithm.kind;
      const isUsable = spoken.length <= LONGEST_NAME && arms.every(({ name }) => name !== spoken);
      arm = { name: isUsable ? spoken : run, config: own };
      arms.push(arm);
    }
    return { ...result, arm: arm.name, condition: ONE_CONDITION, seed: config.seed };
  });
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
