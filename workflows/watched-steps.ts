import type { CollapseWatch, StepNoise, WatchedStep } from '../contracts/collapse.ts';
import { mean } from '../core/statistics.ts';

/** The mean of the steps that have this number; undefined where none has. */
export function meanOf(steps: readonly WatchedStep[], name: keyof WatchedStep): number | undefined {
  const values = steps.map((step) => step[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : mean(values);
}

/** With one more change from the step before. */
export function withChange(watch: CollapseWatch, seen: WatchedStep, name: 'length' | 'reward'): StepNoise | undefined {
  const [before, now, known] = [watch.recent.at(-1)?.[name], seen[name], watch.noise?.[name]];
  if (before === undefined || now === undefined) return known;
  return { changes: (known?.changes ?? 0) + 1, sum: (known?.sum ?? 0) + Math.abs(now - before) };
}

/**
 * The standard deviation of one step's number around its trend: the mean change of normal noise is 2 / sqrt(pi) of it.
 * Few changes may be alike by chance, so that they count for more.
 */
export function noiseOf(noise: StepNoise | undefined): number {
  return noise ? (((noise.sum / noise.changes) * Math.sqrt(Math.PI)) / 2) * (1 + 2 / noise.changes) : 0;
}
