import { z } from 'zod';
import { LONGEST_TAG } from './log-batches.ts';

/** Tables are found by MLflow's evaluation view through this tag: without it they are files like any other. */
export const LOGGED_ARTIFACTS_TAG = 'mlflow.loggedArtifacts';

const LoggedArtifacts = z.array(z.looseObject({ path: z.string(), type: z.string() }));

/** A table as MLflow reads it: pandas' `split` orientation without an index. */
export interface Table {
  columns: string[];
  data: (string | number | boolean | null)[][];
}

/**
 * The tag's value after tables were added: each is named once, rollouts last, and what others listed there stays. A tag
 * holds 8000 characters, so of a long run's rollout tables the oldest are no longer listed, except the first (what
 * training started from); as artifacts they all remain.
 */
export function withTables(tag: string | undefined, paths: readonly string[]): string {
  const before = parsedTag(tag);
  const known = new Set(before.map(({ path }) => path));
  const added = [...new Set(paths)].filter((path) => !known.has(path)).map((path) => ({ path, type: 'table' }));
  const all = [...before, ...added].sort((a, b) => Number(isRollouts(a.path)) - Number(isRollouts(b.path)));
  while (JSON.stringify(all).length > LONGEST_TAG) {
    const rollouts = all.filter(({ path }) => isRollouts(path)).sort((a, b) => (a.path < b.path ? -1 : 1));
    const dropped = rollouts[1] ?? all[0]!;
    all.splice(all.indexOf(dropped), 1);
  }
  return JSON.stringify(all);
}

const ROLLOUTS_FOLDER = 'rollouts';

/** `rollouts/step-000012.json` */
export function rolloutTablePath(step: number): string {
  return `${ROLLOUTS_FOLDER}/step-${String(step).padStart(6, '0')}.json`;
}

function isRollouts(path: string): boolean {
  return path.startsWith(`${ROLLOUTS_FOLDER}/`);
}

/** Replaces a tag that is not valid. */
function parsedTag(tag: string | undefined): z.infer<typeof LoggedArtifacts> {
  try {
    return LoggedArtifacts.safeParse(JSON.parse(tag ?? '[]')).data ?? [];
  } catch {
    return [];
  }
}
