import { runKeyInMemo } from '../../contracts/run-key-in-memo.ts';
import { SweepMemo } from '../../contracts/sweep-input.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { html } from '../../core/markup.ts';
import { inKey, isRunKey, mayBeRunKeyOf, workflowIdIn } from '../../core/run-key.ts';
import { listAll } from '../../core/storage.ts';
import { parseKey } from '../../core/store-layout.ts';
import type { SweepNow } from '../../report/live-sweep.ts';
import { progressLine } from '../output/progress-view.ts';
import type { WatchedSweep } from '../output/sweep-view.ts';
import type { Page } from '../servers/report-server.ts';
import type { Session } from './session.ts';

/** How often a page in place of a report asks again. */
const AGAIN_SECONDS = 5;
const ANSWER_MILLISECONDS = 3000;

/** A run or a sweep whose page is shown. */
export interface Shown {
  /** Its key in the store. */
  runKey: string;
  /** Absent where Temporal does not answer, or does not know it. */
  workflowId?: string;
}

/**
 * Finds a run or a sweep that is named by its workflow id or its key.
 * @param session where Temporal runs; without it, the store alone is looked at.
 * @throws VideocapError `InvalidInput` where there is none, or several.
 */
export async function findShown(store: ArtifactStore, session: Session | undefined, named: string): Promise<Shown> {
  const description = await describe(session, named);
  const known = description && runKeyInMemo(description.memo);
  if (known !== undefined) return { runKey: known, workflowId: named };
  const keys = new Set<string>();
  for await (const object of listAll(store.storage, `runs/${inKey(named)}`)) {
    const folder = object.key.split('/')[1]!;
    // A sweep that has no table yet has stored nothing but the folders of its runs.
    const key = folder.startsWith(`${named}.`) && isRunKey(named) ? named : folder;
    if (key === named || mayBeRunKeyOf(key, named)) keys.add(key);
  }
  const [runKey] = keys;
  if (runKey === undefined || keys.size > 1)
    throw new VideocapError(
      'InvalidInput',
      runKey === undefined
        ? `There is no run ${named}; list the runs with: videocap status`
        : `There are several runs "${named}"; name one of ${[...keys].join(', ')}.`,
    );
  const workflowId = workflowIdIn(runKey);
  const found = await describe(session, workflowId);
  return { runKey, ...(found && runKeyInMemo(found.memo) === runKey && { workflowId }) };
}

async function describe(session: Session | undefined, workflowId: string) {
  return session?.client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => session.client.workflow.getHandle(workflowId).describe())
    .catch(() => undefined);
}

/** What Temporal and the workers say of it now. */
export interface ShownNow {
  state?: 'RUNNING' | 'COMPLETED' | 'OTHER';
  /** Of a sweep whose file was read. */
  sweep?: Pick<SweepNow, 'plan' | 'status'>;
}

export async function lookAt(session: Session | undefined, { workflowId }: Shown): Promise<ShownNow> {
  const description = workflowId === undefined ? undefined : await describe(session, workflowId);
  if (!session || !description) return {};
  const { name } = description.status;
  const state = name === 'RUNNING' || name === 'COMPLETED' ? name : 'OTHER';
  const plan = SweepMemo.safeParse(description.memo).data?.plan;
  if (!plan) return { state };
  const status = state === 'RUNNING' ? await statusOf(session, workflowId!) : undefined;
  return { state, sweep: { plan, status: status?.sweep } };
}

/** Absent where no worker answers in time. */
function statusOf({ client }: Session, workflowId: string): Promise<WatchedSweep | undefined> {
  return client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () =>
      client.workflow.getHandle(workflowId).query<WatchedSweep>('status'),
    )
    .catch(() => undefined);
}

/** A sweep's page, the latest; `undefined` while there is none, and of a run. */
export async function sweepPage(store: ArtifactStore, runKey: string): Promise<Buffer | undefined> {
  let latest: { key: string; storedAt: number } | undefined;
  for await (const { kind, key, storedAt } of listAll(store.storage, `runs/${runKey}/sweep-`))
    if (kind === 'ref' && parseKey(key)?.kind === 'sweepPage' && storedAt >= (latest?.storedAt ?? 0))
      latest = { key, storedAt };
  const ref = latest && (await store.find(latest.key));
  return ref && store.read(ref);
}

/** In place of a report that does not exist yet: how far the run is. It asks again by itself. */
export function waitingPage(run: string, progress: string): Page {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="${AGAIN_SECONDS}">
<meta name="viewport" content="width=device-width">
<title>${run}</title>
<style>:root { color-scheme: light dark } body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem }</style>
</head>
<body>
<h1>${run}</h1>
<p>${progress}</p>
<p>There is no report yet: a run has one once it has measured its start policy, a sweep once its file is read.</p>
<p>This page looks again every ${AGAIN_SECONDS} seconds.</p>
</body>
</html>
`;
  return { html: text };
}

/** How far a run is, as far as workers answer. */
export async function progressOf(session: Session | undefined, { workflowId }: Shown): Promise<string> {
  if (!session) return 'Temporal does not run, so its progress is not known.';
  if (workflowId === undefined) return 'Temporal does not know it, so its progress is not known.';
  const status = await statusOf(session, workflowId);
  return status ? progressLine(status) : 'No worker answers, so its progress is not known.';
}
