import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VideocapError } from '../core/errors.ts';
import { describeIssues, shownValue } from './config-issues.ts';
import { didYouMean } from './did-you-mean.ts';
import { readYaml } from './read-yaml.ts';
import { ExperimentConfig } from './schema.ts';

/** Values by dotted key, such as `{"algorithm.steps": 10}`: changes to a config that need no file of their own. */
export type Overrides = Readonly<Record<string, unknown>>;

/** A config is a page of text: what is longer need not be read to know that it is none. */
const MAX_CONFIG_BYTES = 2 ** 20;

const CONFIGS = fileURLToPath(new URL('.', import.meta.url));

/**
 * Reads an experiment's config: `quickstart` is `configs/quickstart.yaml`; anything with a `/` or ending in `.yaml` is a
 * path. Overrides are applied before validation. Relative dataset and model paths in it are relative to its file.
 * @throws VideocapError `InvalidConfig` with a sentence for everything that is wrong: where, which value, what to do.
 */
export async function loadConfig(nameOrPath: string, overrides: Overrides = {}): Promise<ExperimentConfig> {
  const path = await findConfig(nameOrPath);
  const text = await readText(path);
  return parseConfig(text, { file: nameOrPath === path ? path : shown(nameOrPath), folder: dirname(path), overrides });
}

/** `loadConfig` for text already read. `file` is how errors name it; `folder` is what its relative paths start from. */
export function parseConfig(
  text: string,
  { file, folder, overrides = {} }: { file: string; folder: string; overrides?: Overrides },
): ExperimentConfig {
  const { document, lines, value } = readYaml(text, file);
  const raw = value ?? {};
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw new VideocapError(
      'InvalidConfig',
      `${file}:1:1: a config is a mapping such as "seed: 2", not ${shownValue(raw)}.`,
    );
  for (const [key, value] of Object.entries(overrides)) applyOverride(raw as Record<string, unknown>, key, value);
  const parsed = ExperimentConfig.safeParse(raw);
  if (!parsed.success)
    throw new VideocapError(
      'InvalidConfig',
      describeIssues(parsed.error.issues, raw, { document, lines, file, overrides }).join('\n'),
    );
  return withAbsolutePaths(parsed.data, folder);
}

/** A file's text. Only of files: a pipe or a device might never end. */
async function readText(path: string): Promise<string> {
  const found = await stat(path);
  const refuse = (fault: string): never => {
    throw new VideocapError('InvalidConfig', `Config file ${resolve(path)} ${fault}; give the path of a YAML file.`);
  };
  if (!found.isFile()) refuse('is no file');
  if (found.size > MAX_CONFIG_BYTES) refuse(`has ${found.size} bytes, more than ${MAX_CONFIG_BYTES}`);
  return readFile(path, 'utf8');
}

function applyOverride(raw: Record<string, unknown>, key: string, value: unknown): void {
  const names = key.split('.');
  if (names.some((name) => name === '' || name === '__proto__'))
    throw new VideocapError(
      'InvalidConfig',
      `Override key ${JSON.stringify(key)} is not a dotted key; write one such as "algorithm.steps".`,
    );
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
  const { dataset, policy, benchmark } = config;
  return {
    ...config,
    dataset:
      dataset.kind === 'jsonl'
        ? {
            ...dataset,
            train:
              typeof dataset.train === 'string'
                ? resolve(folder, dataset.train)
                : dataset.train.map((source) => ({ ...source, path: resolve(folder, source.path) })),
            heldOut: resolve(folder, dataset.heldOut),
          }
        : dataset,
    benchmark: {
      ...benchmark,
      suites: benchmark.suites.map((suite) => ({
        ...suite,
        annotations: resolve(folder, suite.annotations),
        videos: resolve(folder, suite.videos),
      })),
    },
    policy: { ...policy, model: isPath(policy.model) ? resolve(folder, policy.model) : policy.model },
  };
}

async function findConfig(nameOrPath: string): Promise<string> {
  if (isConfigPath(nameOrPath)) {
    if (existsSync(nameOrPath)) return nameOrPath;
    throw new VideocapError(
      'InvalidConfig',
      `Config file ${resolve(nameOrPath)} does not exist; give the path of a YAML file, or a name such as "quickstart".`,
    );
  }
  const path = join(CONFIGS, `${nameOrPath}.yaml`);
  if (existsSync(path)) return path;
  const names = await configNames();
  throw new VideocapError(
    'InvalidConfig',
    `There is no config "${nameOrPath}"${didYouMean(nameOrPath, names)}. Known: ${names.join(', ')}; or give the path of a YAML file.`,
  );
}

/** Names of the experiments that ship in `configs/`. */
export async function configNames(): Promise<string[]> {
  const files = await readdir(CONFIGS);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Whether a config is given as a path of a file, not by the name of one that ships. */
export function isConfigPath(nameOrPath: string): boolean {
  return isPath(nameOrPath) || /\.ya?ml$/.test(nameOrPath);
}

function isPath(text: string): boolean {
  return isAbsolute(text) || text.includes('/') || text.includes('\\');
}

function shown(nameOrPath: string): string {
  return isConfigPath(nameOrPath) ? nameOrPath : `configs/${nameOrPath}.yaml`;
}
