import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../core/did-you-mean.ts';
import { VideocapError } from '../core/errors.ts';
import { describeIssues, kindOf } from './config-issues.ts';
import { type ConfigText, isConfigPath, readConfig, shown, sweepNames } from './load-config.ts';
import type { OverrideValue } from './override-value.ts';
import { readYaml } from './read-yaml.ts';
import { expandArms, type PlainArm } from './sweep-arms.ts';
import { armFaults, elsewhereFaults, refused } from './sweep-faults.ts';
import { SWEEP_METRICS, SweepFile } from './sweep-file.ts';

type Changes = Readonly<Record<string, OverrideValue>>;

const CONFIGS = fileURLToPath(new URL('.', import.meta.url));
/** The text of a sweep file: one that ships, by its name, or any by its path. */
export async function readSweep(nameOrPath: string): Promise<ConfigText> {
  const names = await sweepNames();
  if (isConfigPath(nameOrPath) || names.includes(nameOrPath)) return readConfig(nameOrPath);
  throw new VideocapError(
    'InvalidConfig',
    `There is no sweep "${nameOrPath}"${didYouMean(nameOrPath, names)}. Known: ${names.join(', ')}; or give the path ` +
      'of a YAML file.',
  );
}

/** A sweep file's content, its arms written out, and its base config as runs are to name it. */
export interface SweepParts {
  file: SweepFile;
  arms: PlainArm[];
  conditions: { name: string; set: Changes }[];
  /** Of the experiment; a path is absolute. */
  config: string;
}

/**
 * Reads a sweep file as far as it can be read by itself.
 * @param set changes of all runs, over those of the file.
 * @throws VideocapError `InvalidConfig` with a sentence for everything that is wrong.
 */
export function parseSweep({ name, text }: ConfigText, set: Changes = {}): SweepParts {
  const where = shown(name);
  const { document, lines, value } = readYaml(text, where);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new VideocapError('InvalidConfig', `${where}:1:1: a sweep is a mapping with arms, not ${kindOf(value)}.`);
  const { data: file, error } = SweepFile.safeParse(value);
  if (!file)
    throw new VideocapError(
      'InvalidConfig',
      describeIssues(error!.issues, value, { document, lines, file: where, overrides: {}, schema: SweepFile }).join(
        '\n',
      ),
    );
  const arms = expandArms(file.arms);
  const faults = [
    ...elsewhereFaults('the sweep', { ...file.set, ...set }),
    ...Object.entries(file.conditions).flatMap(([each, changes]) => elsewhereFaults(`condition "${each}"`, changes)),
    ...armFaults(arms, file.seeds),
    ...fileFaults(file, arms),
  ];
  if (faults.length > 0) throw refused(where, faults);
  const conditions = Object.entries(file.conditions).map(([condition, changes]) => ({ name: condition, set: changes }));
  const folder = isConfigPath(name) ? dirname(name) : CONFIGS;
  return {
    file: { ...file, set: { ...file.set, ...set } },
    arms,
    conditions,
    config: isConfigPath(file.config) ? resolve(folder, file.config) : file.config,
  };
}

function fileFaults({ reference, metric }: SweepFile, arms: readonly PlainArm[]): string[] {
  const names = arms.map(({ name }) => name);
  return [
    ...(names.includes(reference)
      ? []
      : [
          `reference is "${reference}", which is no arm${didYouMean(reference, names)}; set one of ${names.join(', ')}`,
        ]),
    ...(SWEEP_METRICS.includes(metric)
      ? []
      : [`metric is "${metric}"${didYouMean(metric, SWEEP_METRICS)}; set one of ${SWEEP_METRICS.join(', ')}`]),
  ];
}
