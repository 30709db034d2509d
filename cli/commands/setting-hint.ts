import { FOREIGN_FIELDS } from '../../configs/foreign-fields.ts';
import { homesOf } from '../../configs/known-fields.ts';
import { ExperimentFields } from '../../configs/schema.ts';

/**
 * What an option that a command does not have probably means: `--steps 4` the field `algorithm.steps` of the config,
 * `--lr 1e-5` the field that other trainers call so.
 * @param option as it was typed, such as `--steps` or `--steps=4`.
 * @param args the command line.
 * @returns a sentence with what to type; `undefined` where no field has such a name.
 */
export function settingHint(option: string, args: readonly string[]): string | undefined {
  const [, name, joined] = /^--([A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(option) ?? [];
  const key = name && fieldCalled(name);
  if (!key) return undefined;
  const next = args[args.indexOf(option) + 1];
  const value = joined ?? (next === undefined || next.startsWith('--') ? 'VALUE' : next);
  return `--${name} is a field of the config; set it with: --set ${key}=${quoted(value)}`;
}

/** The dotted key of the field with a name, as it is written or as options are: `group-size`. */
function fieldCalled(name: string): string | undefined {
  const camel = name.replaceAll(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
  const [own] = homesOf(ExperimentFields, camel).sort((a, b) => a.split('.').length - b.split('.').length);
  return own ?? FOREIGN_FIELDS[name.replaceAll('-', '_')]?.[0];
}

/** As a shell takes it. */
function quoted(value: string): string {
  return /^[\w./:@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
