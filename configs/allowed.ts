import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { VideocapError } from '../core/errors.ts';
import { NotAFile, readRegularFile } from '../core/regular-file.ts';
import { AllowedKeys, type KeyRules } from '../judge/client/allowed-keys.ts';
import { JudgeError } from '../judge/client/judge-error.ts';
import { AllowedServers } from '../policy/torch/vllm/rollout-config.ts';
import type { RolloutMeans } from '../policy/torch/vllm/vllm-rollouts.ts';
import { AllowedRewards } from '../rewards/custom/allowed-rewards.ts';
import { AllowedConfigs } from './allowed-configs.ts';
import { describeIssues, kindOf } from './config-issues.ts';
import { readYaml } from './read-yaml.ts';

/**
 * The schema of `<home>/allowed.yaml`: what runs may use of the machine that a worker runs on. Its owner writes it.
 * A run can name an entry, and nothing else: what a run is started with may come from a web form. A section belongs to
 * the library that reads it and is declared there.
 */
export const Allowed = z.strictObject({
  rewards: AllowedRewards.prefault({}),
  keys: AllowedKeys.default([]),
  configs: AllowedConfigs.default([]),
  rolloutServers: AllowedServers.default([]),
});

/** What is allowed, and where that stands. */
export interface AllowedFile extends z.infer<typeof Allowed> {
  /** For messages. */
  path: string;
  /** The real folder that paths in the file start from. */
  folder: string;
}

/**
 * Reads what the owner of a worker allows. Where there is no file, that is nothing.
 * @param home the installation's folder.
 * @throws VideocapError `InvalidConfig` with a sentence for everything that is wrong.
 */
export async function readAllowed(home: string): Promise<AllowedFile> {
  const path = join(home, 'allowed.yaml');
  const text = await readText(path);
  const { document, lines, value } = readYaml(text, path);
  const raw = value ?? {};
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw new VideocapError('InvalidConfig', `${path}:1:1: write a section such as "rewards:", not ${kindOf(raw)}.`);
  const parsed = Allowed.safeParse(raw);
  if (!parsed.success) {
    const source = { document, lines, file: path, overrides: {}, schema: Allowed };
    throw new VideocapError('InvalidConfig', describeIssues(parsed.error.issues, raw, source).join('\n'));
  }
  return { ...parsed.data, path, folder: await realpath(home).catch(() => home) };
}

/** Bytes; what the YAML reader takes is less. */
const MAX_BYTES = 2 ** 20;

async function readText(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, MAX_BYTES)).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    if (!(error instanceof NotAFile)) throw error;
    throw new VideocapError('InvalidConfig', `${path} ${error.message}; write the file, or remove it.`);
  }
}

/**
 * Which keys may be sent where, read anew for every judge: what an owner has added counts when a run is resumed.
 * @throws JudgeError `JudgeBlocked` when the file is wrong: a person has to correct it.
 */
export async function readKeyRules(home: string): Promise<KeyRules> {
  try {
    const { keys, path } = await readAllowed(home);
    return { keys, path };
  } catch (error) {
    if (!(error instanceof VideocapError && error.code === 'InvalidConfig')) throw error;
    throw new JudgeError({ kind: 'blocked', sentence: error.message.replace(/\.$/, ''), remedy: 'correct that file' });
  }
}

/** What the engines of a worker need for rollouts by servers; the file is read anew for every request. */
export function rolloutMeans(home: string): RolloutMeans {
  return {
    home,
    async allowedServers() {
      const { rolloutServers: servers, path } = await readAllowed(home);
      return { servers, path };
    },
  };
}
