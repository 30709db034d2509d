import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { didYouMean } from '../core/did-you-mean.ts';
import { VideocapError } from '../core/errors.ts';
import { fileFault, readRegularFile } from '../core/regular-file.ts';
import { type DataFields, readDataFields } from '../datasets/data-fields.ts';
import { DatasetConfig } from '../datasets/dataset-config.ts';
import { endpointOf } from '../policy/endpoint-of.ts';
import { hubRemedy } from '../policy/hub-id.ts';
import { describeIssues, kindOf } from './config-issues.ts';
import { dataIssues, withDataSettings } from './data-settings.ts';
import { readYaml, unusableName } from './read-yaml.ts';
import { ExperimentConfig, ExperimentFields } from './schema.ts';
import { configSizeFault } from './size-limits.ts';

/** Values by dotted key, such as `{"algorithm.steps": 10}`: changes to a config that need no file of their own. */
export type Overrides = Readonly<Record<string, unknown>>;

/** A config is a page of text: a longer file is not one. */
export const MAX_CONFIG_BYTES = 2 ** 20;

const CONFIGS = fileURLToPath(new URL('.', import.meta.url));

/** A config's name or path, and its text as it was read. */
export interface ConfigText {
  name: string;
  text: string;
}

/**
 * Reads an experiment's config: `quickstart` is `configs/quickstart.yaml`; anything with a `/` or ending in `.yaml` is
 * a path. Overrides are applied before validation. Relative dataset and model paths in it are relative to its file.
 * What own data have no field for is refused, and where the file does not say, it is left out (`withDataSettings`).
 * @throws VideocapError `InvalidConfig` with a sentence for everything that is wrong: where, which value, what to do.
 */
export async function loadConfig(
  nameOrPath: string,
  overrides: Overrides = {},
  signal?: AbortSignal,
): Promise<ExperimentConfig> {
  return configOf(await readConfig(nameOrPath), overrides, signal);
}

/** The text of a config, which `configOf` makes a config of. Throws as `loadConfig` does. */
export async function readConfig(nameOrPath: string): Promise<ConfigText> {
  return { name: nameOrPath, text: await readText(await findConfig(nameOrPath)) };
}

/** `loadConfig` for a text that was read before. */
export async function configOf(
  { name, text }: ConfigText,
  overrides: Overrides = {},
  signal?: AbortSignal,
): Promise<ExperimentConfig> {
  const folder = isConfigPath(name) ? dirname(name) : CONFIGS;
  const source = { file: shown(name), folder, overrides };
  const dataset = datasetOf(text, source);
  return parseConfig(text, { ...source, data: dataset && (await readDataFields(dataset, signal)) });
}

interface Source {
  /** How errors name the text. */
  file: string;
  /** What its relative paths start from. */
  folder: string;
  overrides?: Overrides;
  /** What the data set has, where that is known. */
  data?: DataFields | undefined;
}

/** `loadConfig` for text already read, and data already looked at. */
export function parseConfig(text: string, { file, folder, overrides = {}, data }: Source): ExperimentConfig {
  const { raw, document, lines } = rawConfig(text, file, overrides);
  if (Object.hasOwn(raw, 'arms') && isSweepText(text))
    throw new VideocapError('InvalidConfig', `${file}: this is a sweep, with arms; start it with: videocap sweep.`);
  const settings = withDataSettings(raw, data);
  const parsed = ExperimentConfig.safeParse(settings);
  const fields = ExperimentFields.safeParse(settings).data;
  // First what the data lack, since that is why other fields do not fit together.
  const missing = fields ? dataIssues(fields, data) : [];
  const issues = missing.length > 0 ? missing : (parsed.error?.issues ?? []);
  if (issues.length > 0)
    throw new VideocapError(
      'InvalidConfig',
      describeIssues(issues, raw, { document, lines, file, overrides, schema: ExperimentConfig }).join('\n'),
    );
  const config = withAbsolutePaths(parsed.data!, folder);
  const fault = configSizeFault(config);
  if (fault !== undefined) throw new VideocapError('InvalidConfig', `${file}: the config ${fault}.`);
  return config;
}

/** The data set that a config names, if that much of it can be read. */
function datasetOf(text: string, { file, folder, overrides = {} }: Source): DatasetConfig | undefined {
  const { raw } = rawConfig(text, file, overrides);
  const dataset = DatasetConfig.safeParse(raw.dataset).data;
  return dataset && absoluteDataset(dataset, folder);
}

function rawConfig(text: string, file: string, overrides: Overrides) {
  const { document, lines, value } = readYaml(text, file);
  const raw = value ?? {};
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw new VideocapError(
      'InvalidConfig',
      `${file}:1:1: a config is a mapping such as "seed: 2", not ${kindOf(raw)}.`,
    );
  for (const [key, value] of Object.entries(overrides)) applyOverride(raw as Record<string, unknown>, key, value);
  return { raw: raw as Record<string, unknown>, document, lines };
}

/** A file's text. Only of files: a pipe or a device might never end. */
async function readText(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, MAX_CONFIG_BYTES)).toString('utf8');
  } catch (error) {
    const fault = fileFault(error);
    if (fault === undefined) throw error;
    const message = `Config file ${resolve(path)} ${fault}; give the path of a YAML file.`;
    throw new VideocapError('InvalidConfig', message, { cause: error });
  }
}

function applyOverride(raw: Record<string, unknown>, key: string, value: unknown): void {
  const names = key.split('.');
  if (names.some((name) => name === '' || name === '__proto__'))
    throw new VideocapError(
      'InvalidConfig',
      `Override key ${JSON.stringify(key)} is not a dotted key; write one such as "algorithm.steps".`,
    );
  const unusable = unusableName(value, `${key}.`);
  if (unusable !== undefined) throw new VideocapError('InvalidConfig', `override ${key}: ${unusable}.`);
  const last = names.pop()!;
  let section = raw;
  for (const name of names) {
    const inner = section[name];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      section = inner as Record<string, unknown>;
    else {
      const made: Record<string, unknown> = {};
      section[name] = made;
      section = made;
    }
  }
  section[last] = value;
}

/** The paths in a config mean the same wherever the worker that reads it was started. */
function withAbsolutePaths(config: ExperimentConfig, folder: string): ExperimentConfig {
  const { dataset, policy, benchmark, reward } = config;
  const { embeddingModel } = reward;
  return {
    ...config,
    ...(embeddingModel && {
      reward: { ...reward, embeddingModel: { ...embeddingModel, folder: resolve(folder, embeddingModel.folder) } },
    }),
    dataset: absoluteDataset(dataset, folder),
    benchmark: {
      ...benchmark,
      suites: benchmark.suites.map((suite) => ({
        ...suite,
        annotations: resolve(folder, suite.annotations),
        videos: resolve(folder, suite.videos),
      })),
    },
    policy:
      endpointOf(policy.engine) === undefined ? { ...policy, model: absoluteModel(policy.model, folder) } : policy,
  };
}

/** A name of a model hub stays one where there is no such folder, so that errors can say what it is. */
function absoluteModel(model: string, folder: string): string {
  return isPath(model) && hubRemedy(model, folder) === undefined ? resolve(folder, model) : model;
}

function absoluteDataset(dataset: DatasetConfig, folder: string): DatasetConfig {
  if (dataset.kind !== 'jsonl') return dataset;
  const train =
    typeof dataset.train === 'string'
      ? resolve(folder, dataset.train)
      : dataset.train.map((source) => ({ ...source, path: resolve(folder, source.path) }));
  return { ...dataset, train, heldOut: resolve(folder, dataset.heldOut) };
}

async function findConfig(nameOrPath: string): Promise<string> {
  if (isConfigPath(nameOrPath)) {
    if (existsSync(nameOrPath)) return nameOrPath;
    throw new VideocapError(
      'InvalidConfig',
      `Config file ${resolve(nameOrPath)} does not exist; give the path of a YAML file, or a name such as ` +
        '"quickstart".',
    );
  }
  const path = join(CONFIGS, `${nameOrPath}.yaml`);
  if (existsSync(path)) return path;
  const names = await configNames();
  throw new VideocapError(
    'InvalidConfig',
    `There is no config "${nameOrPath}"${didYouMean(nameOrPath, names)}. Known: ${names.join(', ')}; or give the ` +
      'path of a YAML file.',
  );
}

/** Names of the experiments that ship in `configs/`. */
export async function configNames(): Promise<string[]> {
  return (await shippedFiles()).filter(({ isSweep }) => !isSweep).map(({ name }) => name);
}

/** Names of the sweeps that ship there. */
export async function sweepNames(): Promise<string[]> {
  return (await shippedFiles()).filter(({ isSweep }) => isSweep).map(({ name }) => name);
}

async function shippedFiles(): Promise<{ name: string; isSweep: boolean }[]> {
  const files = (await readdir(CONFIGS)).filter((file) => file.endsWith('.yaml'));
  const names = files.map((file) => file.slice(0, -'.yaml'.length)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, isSweep: isSweepText(await readText(join(CONFIGS, `${name}.yaml`))) })),
  );
}

/** Whether a text is that of a sweep, not of an experiment: it has arms. */
export function isSweepText(text: string): boolean {
  return /^arms:/m.test(text);
}

/** Whether a config is given as a path of a file, not by the name of one that ships. */
export function isConfigPath(nameOrPath: string): boolean {
  return isPath(nameOrPath) || /\.ya?ml$/.test(nameOrPath);
}

function isPath(text: string): boolean {
  return isAbsolute(text) || text.includes('/') || text.includes('\\');
}

export function shown(nameOrPath: string): string {
  return isConfigPath(nameOrPath) ? nameOrPath : `configs/${nameOrPath}.yaml`;
}
