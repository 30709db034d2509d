import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { inKey, mayBeRunKeyOf } from '../core/run-key.ts';
import { listAll } from '../core/storage.ts';
import { keyOf, parseKey } from '../core/store-layout.ts';
import type { RunCheckpoint } from '../policy/run-checkpoint.ts';
import { RunProgress } from './run-state.ts';

/** The state of a run after a step. @throws VideocapError `CorruptArtifact` where the store has none. */
export async function readProgress(store: ArtifactStore, run: string, step: number): Promise<RunProgress> {
  const ref = await store.find(keyOf('progress', { runKey: run, step }));
  if (ref) return store.readJson(ref, RunProgress);
  throw new VideocapError('CorruptArtifact', `The state of run ${run} after step ${step} is gone from the store.`);
}

/**
 * The last step that a run wrote down, or `undefined` where it wrote none. States are written for every step from 0 on,
 * without gaps: doubling, then halving, finds the last.
 */
export async function lastStep(store: ArtifactStore, run: string): Promise<number | undefined> {
  const has = async (step: number) => (await store.find(keyOf('progress', { runKey: run, step }))) !== undefined;
  if (!(await has(0))) return undefined;
  let low = 0;
  let high = 1;
  while (await has(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await has(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The artifacts of a state that another run needs to take it over. */
export type Needed = (progress: RunProgress) => unknown;
/** The policy alone: a run that starts from it has an optimiser and a reference policy of its own. */
export const TO_START: Needed = ({ policy }) => policy.weights;
/** Everything that training continues with. `loadPolicy` restores a reference policy that is the start policy. */
export const TO_GO_ON: Needed = ({ policy, reference }) => [policy, reference.step > 0 && reference];

/**
 * The state of a run after a step of which all that is needed is there; without `step`, after its last.
 * @param run a key, or a workflow id.
 * @throws VideocapError `InvalidInput` for a run that the store does not have, and for a step without a checkpoint,
 * with those that have one.
 */
export async function progressAt(
  store: ArtifactStore,
  { run: named, step: wanted }: RunCheckpoint,
  needed: Needed,
): Promise<{ run: string; progress: RunProgress }> {
  const { run, last } = await findRun(store, named);
  const step = wanted ?? last;
  if (step > last || !(await isThere(store, { run, step }, needed)))
    throw await withoutCheckpoint(store, { run, step }, needed);
  return { run, progress: await readProgress(store, run, step) };
}

/** The error for a step whose checkpoint is not there. It names the steps that have one. */
export async function withoutCheckpoint(
  store: ArtifactStore,
  { run, step }: Required<RunCheckpoint>,
  needed: Needed,
): Promise<VideocapError> {
  const last = (await lastStep(store, run)) ?? 0;
  const kept: number[] = [];
  for (let at = 0; at <= last; at++) if (await isThere(store, { run, step: at }, needed)) kept.push(at);
  return new VideocapError(
    'InvalidInput',
    `Run ${run} has no checkpoint at step ${step}; it has them at ${kept.join(', ')} ` +
      '(checkpoints.keepEvery says which are kept).',
  );
}

/** At step 0 always: `loadPolicy` restores the start policy. */
export async function isThere(
  store: ArtifactStore,
  { run, step }: Required<RunCheckpoint>,
  needed: Needed,
): Promise<boolean> {
  return step === 0 || (await store.firstDamaged(needed(await readProgress(store, run, step)))) === undefined;
}

/**
 * The key and the last step of a run that is named by its key or its workflow id.
 * @throws VideocapError `InvalidInput` where there is none, or several.
 */
export async function findRun(store: ArtifactStore, named: string): Promise<{ run: string; last: number }> {
  const last = await lastStep(store, named);
  if (last !== undefined) return { run: named, last };
  const keys = await keysOfWorkflow(store, named);
  if (keys.length > 1)
    throw new VideocapError('InvalidInput', `There are several runs "${named}"; name one of ${keys.join(', ')}.`);
  const only = keys[0] !== undefined ? await lastStep(store, keys[0]) : undefined;
  if (only !== undefined) return { run: keys[0]!, last: only };
  throw new VideocapError('InvalidInput', `There is no run "${named}" in the store; videocap status lists runs.`);
}

/** The keys of the runs that a workflow id has had: the id, and eight digits of the first execution's. */
async function keysOfWorkflow(store: ArtifactStore, workflowId: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { kind, key } of listAll(store.storage, `runs/${inKey(workflowId)}-`)) {
    const parsed = kind === 'ref' ? parseKey(key) : undefined;
    if (parsed?.kind !== 'progress' || parsed.parts.step > 0) continue;
    if (mayBeRunKeyOf(parsed.parts.runKey, workflowId)) keys.push(parsed.parts.runKey);
  }
  return keys;
}
