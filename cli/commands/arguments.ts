import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { parse } from 'yaml';
import { findInstallation } from '../installation.ts';

/** Reads the number of an option or argument. @throws InvalidArgumentError with a right one. */
export function wholeNumber(least: number, example: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`give a whole number of at least ${least}, such as ${example}.`);
  };
}

/** The same for a number that need not be whole, from 0 on. */
export function amount(example: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new InvalidArgumentError(`give a number of at least 0, such as ${example}.`);
  };
}

/** What a `<checkpoint>` may be, for `--help`. */
export const CHECKPOINT =
  'a shipped model, such as tiny, a model folder that a run has written, or run:KEY@STEP (run:KEY: the last step)';

/**
 * A line for a person who names a run's checkpoint and no `--config`: another experiment than the run's own decides
 * what the checkpoint is asked. Empty for other checkpoints.
 * @param what what the config decides, such as `Frame options and prompt`.
 */
export function otherExperimentNote(checkpoint: string, config: string, what: string): string {
  const own = "--config names the run's own experiment";
  return checkpoint.startsWith('run:') ? `  ${what} are those of ${config}; ${own}.\n` : '';
}

/**
 * A checkpoint as it is typed: the name of a shipped model or a run's checkpoint stays; a folder becomes absolute,
 * since workers run elsewhere.
 */
export function modelOf(checkpoint: string): string {
  const shipped = existsSync(join(findInstallation().repository, 'policy', 'models', checkpoint, 'config.json'));
  return shipped || !existsSync(checkpoint) ? checkpoint : resolve(checkpoint);
}

/** Collects `--set key=value` options; values are read as YAML, so `10`, `true` and `[0.3, 0.5]` mean what they say. */
export function collectOverride(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError('write it as key=value, such as algorithm.steps=10.');
  try {
    return { ...before, [text.slice(0, split).trim()]: parse(text.slice(split + 1)) as unknown };
  } catch (error) {
    throw new InvalidArgumentError(`its value is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
}
