import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Overrides } from '../../configs/load-config.ts';
import { forkConfig } from '../../contracts/fork-config.ts';
import { progressAt, TO_GO_ON, TO_START } from '../../contracts/read-progress.ts';
import { readMemo } from '../../contracts/run-memo.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { openStorage, storeUrl } from '../../core/open-storage.ts';
import { endpointOf } from '../../policy/endpoint-of.ts';
import { modelPath } from '../../policy/model/model-path.ts';
import type { PolicyConfig } from '../../policy/policy-config.ts';
import { parseRunCheckpoint, type RunCheckpoint, runCheckpoint } from '../../policy/run-checkpoint.ts';
import type { Session } from './session.ts';

/**
 * Refuses, before a run starts, a `policy.model` that it cannot start from; `run:RUN` of a run that has not ended is
 * one, since its last step changes until the new run looks for it.
 * @throws VideocapError `InvalidInput`, `InvalidModel`.
 */
export async function requireStart(session: Session, { model, engine }: PolicyConfig): Promise<void> {
  requireModel(session, model, engine);
  const checkpoint = parseRunCheckpoint(model);
  const store = await storeHere(session);
  if (!checkpoint || !store) return;
  const { run, progress } = await progressAt(store, checkpoint, TO_START);
  if (checkpoint.step === undefined && (await isGoing(session, run)))
    throw notEnded(model, { run: checkpoint.run, step: progress.step });
}

/**
 * Refuses a model that workers on this machine would not find: no folder, and no model that ships. Of workers
 * elsewhere it is not known what they have.
 * @throws VideocapError `InvalidModel`.
 */
export function requireModel({ isLocal }: Session, model: string, engine: PolicyConfig['engine']): void {
  if (isLocal && endpointOf(engine) === undefined && !parseRunCheckpoint(model)) modelPath(model);
}

/**
 * Refuses a file or a folder that workers on this machine would not find.
 * @param named how a user named it, such as `--videos`.
 * @throws VideocapError `InvalidInput`.
 */
export function requirePath({ isLocal }: Pick<Session, 'isLocal'>, named: string, path: string): void {
  if (!isLocal || existsSync(path)) return;
  throw new VideocapError('InvalidInput', `${named} is ${path}, and there is no such file or folder.`);
}

/**
 * Refuses, before a fork starts, a step without a checkpoint, and changes that the parent's config does not take.
 * @throws VideocapError `InvalidInput`, `InvalidConfig`.
 */
export async function requireFork(
  session: Session,
  from: Required<RunCheckpoint>,
  overrides: Overrides,
): Promise<void> {
  const store = await storeHere(session);
  if (!store) return;
  const { run, progress } = await progressAt(store, from, TO_GO_ON);
  forkConfig(run, progress.config, overrides);
}

/** What a start from a run that has not ended meets. */
export function notEnded(model: string, last: Required<RunCheckpoint>): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `policy.model is ${model}, a run that has not ended; name the step: --set policy.model=${runCheckpoint(last)}, ` +
      'its last so far.',
  );
}

/** Workers elsewhere have a store of their own; then the run itself finds what is wrong. */
export async function storeHere({ home }: Session): Promise<ArtifactStore | undefined> {
  if (storeUrl() === undefined && !existsSync(join(home, 'store'))) return undefined;
  return new ArtifactStore(await openStorage(home));
}

async function isGoing({ client }: Session, runKey: string): Promise<boolean> {
  const workflowId = runKey.replace(/-[0-9a-f]{8}$/, '');
  const run = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  return run?.status.name === 'RUNNING' && readMemo(run.memo)?.run === runKey;
}
