import { InvalidArgumentError } from '@commander-js/extra-typings';
import { parse } from 'yaml';

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
