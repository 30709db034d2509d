import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { VideocapError } from '../core/errors.ts';
import { AllowedRewards } from '../rewards/custom/allowed-rewards.ts';
import { describeIssues, shownValue } from './config-issues.ts';
import { readYaml } from './read-yaml.ts';

/**
 * The schema of `<home>/allowed.yaml`: what runs may use of the machine that a worker runs on. Its owner writes it.
 * A run can name an entry, and nothing else: what a run is started with may come from a web form. A section belongs to
 * the library that reads it and is declared there.
 */
const Allowed = z.strictObject({ rewards: AllowedRewards.prefault({}) });

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
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const { document, lines, value } = readYaml(text, path);
  const raw = value ?? {};
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw new VideocapError(
      'InvalidConfig',
      `${path}:1:1: write a section such as "rewards:", not ${shownValue(raw)}.`,
    );
  const parsed = Allowed.safeParse(raw);
  if (!parsed.success) {
    const source = { document, lines, file: path, overrides: {}, schema: Allowed };
    throw new VideocapError('InvalidConfig', describeIssues(parsed.error.issues, raw, source).join('\n'));
  }
  return { ...parsed.data, path, folder: await realpath(home).catch(() => home) };
}
