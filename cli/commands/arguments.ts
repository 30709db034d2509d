import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { parse } from 'yaml';
import { endpointOf } from '../../policy/endpoint-of.ts';
import type { EngineConfig } from '../../policy/policy-config.ts';
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
  'run:RUN, the last step of a run, run:RUN@STEP, a shipped model, such as tiny, a model folder, or, with ' +
  'policy.engine.kind openai, the name of a model that the endpoint serves';

/**
 * A checkpoint as it is typed: the name of a shipped model or a run's checkpoint stays; a folder becomes absolute,
 * since workers run elsewhere. What an endpoint serves has a name alone.
 */
export function modelOf(checkpoint: string, engine?: EngineConfig): string {
  if (engine && endpointOf(engine) !== undefined) return checkpoint;
  return isShipped(checkpoint) || !existsSync(checkpoint) ? checkpoint : resolve(checkpoint);
}

/** Whether a checkpoint is the name of a model that ships. */
export function isShipped(checkpoint: string): boolean {
  return existsSync(join(findInstallation().repository, 'policy', 'models', checkpoint, 'config.json'));
}

/** The name of a run as it is typed. @throws InvalidArgumentError for one that files cannot be called by. */
export function runName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError('give letters, digits, - and _, at most 100, such as beta-0.');
}

/** Collects the words of an option that may be given several times. */
export function collectWord(word: string, before: string[] = []): string[] {
  return [...before, word];
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
