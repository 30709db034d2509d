import { z } from 'zod';

/** Tables are found by MLflow's evaluation view through this tag: without it they are files like any other. */
export const LOGGED_ARTIFACTS_TAG = 'mlflow.loggedArtifacts';

/** Completions from the whole training, and the captions of the held-out videos. */
export const COMPLETIONS_TABLE_PATH = 'completions.json';
export const EVALUATION_TABLE_PATH = 'eval/captions.json';

const LoggedArtifacts = z.array(z.looseObject({ path: z.string(), type: z.string() }));

/** A table as MLflow reads it: pandas' `split` orientation without an index. */
export interface Table {
  columns: string[];
  data: (string | number | boolean | null)[][];
}

/** The tag's value after a table was added: each is named once, and what others listed there stays. */
export function withTable(tag: string | undefined, path: string): string {
  const before = parsedTag(tag);
  const known = before.some((each) => each.path === path);
  return JSON.stringify(known ? before : [...before, { path, type: 'table' }]);
}

/** `rollouts/step-000012.json`: all completions of one step. */
export function rolloutTablePath(step: number): string {
  return `rollouts/step-${String(step).padStart(6, '0')}.json`;
}

/** Replaces a tag that is not valid. */
function parsedTag(tag: string | undefined): z.infer<typeof LoggedArtifacts> {
  try {
    return LoggedArtifacts.safeParse(JSON.parse(tag ?? '[]')).data ?? [];
  } catch {
    return [];
  }
}
