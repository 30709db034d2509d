import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { algorithmOf } from '../algorithms/registry.ts';
import { isMeasured } from '../benchmarks/held-out-metrics.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { VideocapError } from '../core/errors.ts';
import { isLlm, isPriced } from '../judge/judge-config.ts';
import { untrainable } from '../policy/endpoint-of.ts';
import { describeIssues, kindOf } from './config-issues.ts';
import { planJudge } from './judge-plan.ts';
import { type ConfigText, configOf, isConfigPath, readConfig, sweepNames } from './load-config.ts';
import type { OverrideValue } from './override-value.ts';
import { readYaml } from './read-yaml.ts';
import type { ExperimentConfig } from './schema.ts';
import { expandArms, type PlainArm } from './sweep-arms.ts';
import { SWEEP_METRICS, SweepFile } from './sweep-file.ts';

type Changes = Readonly<Record<string, OverrideValue>>;

const CONFIGS = fileURLToPath(new URL('.', import.meta.url));
/** What other parts of the file say. */
const SAID_ELSEWHERE: Readonly<Record<string, string>> = {
  seed: 'list it in seeds',
  name: 'set the name of the sweep, which its runs have too',
};
/** Wrong arms that are told at once. */
const MOST_TOLD = 10;
/** Clips that a held-out file counts for before a worker has read it: for shares of a budget alone. */
const LIKELY_CLIPS = 100;

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

/** How errors name the text. */
const shown = (name: string) => (isConfigPath(name) ? name : `configs/${name}.yaml`);

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
  const faults = [...armFaults(file, arms), ...fileFaults(file, arms)];
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

function armFaults({ arms: written, seeds, conditions }: SweepFile, arms: readonly PlainArm[]): string[] {
  const names = arms.map(({ name }) => name);
  const faults: string[] = [];
  const sections = [
    ...arms.map(({ name, set }) => [`arm "${name}"`, 'set', set] as const),
    ...Object.entries(conditions).map(([name, set]) => [`condition "${name}"`, '', set] as const),
  ];
  for (const [owner, section, set] of sections)
    for (const key of Object.keys(set))
      if (SAID_ELSEWHERE[key])
        faults.push(`${owner} sets ${section ? `${section}.` : ''}${key}: ${SAID_ELSEWHERE[key]}`);
  for (const { name, after, seeds: own } of arms) {
    if (after === undefined) continue;
    const before = arms.find((arm) => arm.name === after);
    if (!before) {
      const choices = names.filter((other) => other !== name);
      faults.push(
        `arm "${name}": after is "${after}", which is no arm${didYouMean(after, choices)}; set one of ` +
          choices.join(', '),
      );
      continue;
    }
    const missing = (own ?? seeds).filter((seed) => !(before.seeds ?? seeds).includes(seed));
    if (missing.length > 0)
      faults.push(
        `arm "${name}" has the seed ${missing[0]}, which arm "${after}" before it has not; add it to ` +
          `arms.${after}.seeds`,
      );
    if (leadsTo(name, arms, name)) faults.push(`arm "${name}": after leads back to itself; name another arm`);
    if (Object.hasOwn(written[name]?.set ?? {}, 'policy.model'))
      faults.push(`arm "${name}" sets policy.model and after: leave out one of them`);
  }
  return faults;
}

function leadsTo(from: string, arms: readonly PlainArm[], wanted: string): boolean {
  let name = arms.find((arm) => arm.name === from)?.after;
  for (let i = 0; name !== undefined && i <= arms.length; i++) {
    if (name === wanted) return true;
    name = arms.find((arm) => arm.name === name)?.after;
  }
  return false;
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

/** An arm's config in each condition, checked as a run's is. */
export interface CheckedArm {
  arm: PlainArm;
  configs: { condition: string; config: ExperimentConfig }[];
  calls: number;
  steps: number;
}

/**
 * Checks the config of every arm in every condition, before anything starts.
 * @param file how errors name the sweep. @param base the experiment's text.
 * @throws VideocapError `InvalidConfig`, with the arm, the field, its value and what to do.
 */
export async function checkArms(
  {
    file: { set, metric, budget, halving },
    arms,
    conditions,
  }: Pick<SweepParts, 'arms' | 'conditions'> & {
    file: Pick<SweepFile, 'set' | 'metric' | 'budget' | 'halving'>;
  },
  base: ConfigText,
  file: string,
  signal?: AbortSignal,
): Promise<CheckedArm[]> {
  const faults: string[] = [];
  const checked: CheckedArm[] = [];
  for (const arm of arms) {
    const configs: CheckedArm['configs'] = [];
    for (const condition of conditions.length > 0 ? conditions : [{ name: undefined, set: {} }]) {
      const start = arm.after === undefined ? {} : { 'policy.model': `run:${arm.after}@1` };
      const overrides = { ...set, ...condition.set, ...arm.set, ...start };
      const owner = `arm "${arm.name}"${condition.name === undefined ? '' : `, condition "${condition.name}"`}`;
      try {
        const config = await configOf(base, overrides, signal);
        const fault = unfit(config, metric, budget);
        if (fault !== undefined) faults.push(`${owner}: ${fault}`);
        configs.push({ condition: condition.name ?? '', config });
      } catch (error) {
        if (!(error instanceof VideocapError)) throw error;
        faults.push(`${owner}: ${error.message.replaceAll(/\.$/gm, '')}`);
        break; // the other conditions have the same fault
      }
    }
    const steps = configs.map(({ config }) => config.algorithm.steps);
    if (halving && new Set(steps).size > 1)
      faults.push(
        `arm "${arm.name}" has ${steps.join(', ')} steps: with halving, leave algorithm.steps out of conditions`,
      );
    const calls = Math.max(0, ...configs.map(({ config }) => expectedCalls(config)));
    checked.push({ arm, configs, calls, steps: Math.max(0, ...steps) });
  }
  if (faults.length > 0) throw refused(shown(file), faults);
  if ((budget.usd ?? budget.calls) !== undefined && checked.every(({ calls }) => calls === 0))
    throw refused(shown(file), [
      'budget is set, and no arm asks a language model; leave it out, or set judge.kind to llm',
    ]);
  return checked;
}

/** Why a sweep cannot use a config that is right by itself. */
function unfit(
  { benchmark, judge, policy }: ExperimentConfig,
  metric: string,
  { usd }: SweepFile['budget'],
): string | undefined {
  const fault = untrainable(policy);
  if (fault !== undefined) return fault.replace(/\.$/, '');
  if (!isMeasured(metric, benchmark.metrics))
    return `its benchmark does not measure ${metric}; set metric to another, or add to benchmark.metrics`;
  if (usd !== undefined && isLlm(judge) && !isPriced(judge))
    return 'judge.price is 0, so that budget.usd is never reached; set judge.price, or budget.calls';
  return undefined;
}

/** Questions that a run puts to a language model, at most. */
function expectedCalls(config: ExperimentConfig): number {
  const { algorithm, sampling, dataset } = config;
  const isSampled = algorithmOf(algorithm).learnsFrom === 'completions';
  const texts = isSampled ? algorithm.samplesPerStep * sampling.groupSize : 0;
  const { training, benchmark } = planJudge(
    config,
    texts,
    dataset.kind === 'shapes' ? dataset.heldOutSamples : LIKELY_CLIPS,
  );
  return training + benchmark;
}

function refused(file: string, faults: readonly string[]): VideocapError {
  const told = faults.slice(0, MOST_TOLD).map((fault) => `${file}: ${fault}.`);
  const rest = faults.length - told.length;
  return new VideocapError(
    'InvalidConfig',
    [...told, ...(rest > 0 ? [`and ${rest} more of the kind`] : [])].join('\n'),
  );
}
