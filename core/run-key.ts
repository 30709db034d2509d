import { clipped } from './clipped.ts';

/**
 * The longest workflow id of a run, in characters. Its files have names of at most 255 bytes: an export that is being
 * written is called by the run's key, 46 more characters beside it (`activities/export-policy.ts`).
 */
export const LONGEST_RUN_ID = 200;

/** Digits of the first execution's id in a key. */
const DIGITS = 8;

/**
 * A run's own folder in the store. The first execution's id keeps a workflow id that is used again from finding an
 * earlier run's artifacts. Its last digits are random; its first ones are Temporal's clock, so that two runs of one
 * minute have them in common.
 */
export function keyOfRun(workflowId: string, firstExecutionRunId: string): string {
  return `${inKey(workflowId)}-${firstExecutionRunId.replaceAll('-', '').slice(-DIGITS)}`;
}

/** The beginning of a name, without half of a character at its end. */
export function shortName(name: string, length: number): string {
  return name.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

/** Whether a run key may be of a workflow id. */
export function mayBeRunKeyOf(runKey: string, workflowId: string): boolean {
  const prefix = `${inKey(workflowId)}-`;
  return runKey.startsWith(prefix) && /^[0-9a-f]{8}$/.test(runKey.slice(prefix.length));
}

/** Whether a text has the form of a run's key. */
export function isRunKey(text: string): boolean {
  return workflowIdIn(text) !== text;
}

/** The workflow id that a run's key is made of, if all of its characters may stand in a key. */
export function workflowIdIn(runKey: string): string {
  return runKey.replace(/-[0-9a-f]{8}$/, '');
}

/** The part of a run's key that is made of its workflow id: ASCII, so that a character is a byte of a file's name. */
export function inKey(workflowId: string): string {
  return workflowId.replaceAll(/[^A-Za-z0-9._-]/g, '_');
}

/** Why a workflow id cannot be a run's, as a sentence; `undefined` of one that can. */
export function wrongRunId(workflowId: string): string | undefined {
  const { length } = workflowId;
  if (length <= LONGEST_RUN_ID) return undefined;
  return (
    `The workflow id "${clipped(workflowId, 41)}" has ${length} characters, more than ${LONGEST_RUN_ID}: names of ` +
    'files are made of it. Start the run with a shorter one.'
  );
}
