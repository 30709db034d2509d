import { runKeyInMemo } from '../../contracts/run-key-in-memo.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { html } from '../../core/markup.ts';
import { inKey, mayBeRunKeyOf } from '../../core/run-key.ts';
import { listAll } from '../../core/storage.ts';
import { parseKey } from '../../core/store-layout.ts';
import { progressLine } from '../output/progress-view.ts';
import type { Page } from '../servers/report-server.ts';
import type { Session } from './session.ts';

/** How often a page in place of a report asks again. */
const AGAIN_SECONDS = 5;
const ANSWER_MILLISECONDS = 3000;

/**
 * The key in the store of a run or a sweep that is named by its workflow id or its key.
 * @param session where Temporal runs; without it, the store alone is looked at.
 * @throws VideocapError `InvalidInput` where there is none, or several.
 */
export async function runKeyNamed(store: ArtifactStore, session: Session | undefined, named: string): Promise<string> {
  const description = await session?.client.workflow
    .getHandle(named)
    .describe()
    .catch(() => undefined);
  const known = description && runKeyInMemo(description.memo);
  if (known !== undefined) return known;
  const keys = new Set<string>();
  for await (const { key } of listAll(store.storage, `runs/${inKey(named)}`)) {
    const folder = key.split('/')[1]!;
    if (folder === named || mayBeRunKeyOf(folder, named)) keys.add(folder);
  }
  if (keys.size === 1) return [...keys][0]!;
  throw new VideocapError(
    'InvalidInput',
    keys.size === 0
      ? `There is no run ${named}; list the runs with: videocap status`
      : `There are several runs "${named}"; name one of ${[...keys].join(', ')}.`,
  );
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

/** Whether Temporal, if it answers, knows that a run has not ended. */
export async function goesOn(session: Session | undefined, run: string): Promise<boolean> {
  if (!session) return false;
  const description = await session.client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => session.client.workflow.getHandle(run).describe())
    .catch(() => undefined);
  return description?.status.name === 'RUNNING';
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
<p>There is no report yet: a run has one once it has measured its start policy, a sweep when it ends.</p>
<p>This page looks again every ${AGAIN_SECONDS} seconds.</p>
</body>
</html>
`;
  return { html: text };
}

/** How far a run is, as far as workers answer. */
export async function progressOf(session: Session | undefined, run: string): Promise<string> {
  if (!session) return 'Temporal does not run, so its progress is not known.';
  const handle = session.client.workflow.getHandle(run);
  const status = await session.client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => handle.query<RunStatus>('status'))
    .catch(() => undefined);
  return status ? progressLine(status) : 'No worker answers, so its progress is not known.';
}
