import type { WorkflowHandle } from '@temporalio/client';
import type { RunStatus } from '../../contracts/run-status.ts';
import type { SweepSummary } from '../../contracts/sweep-results.ts';
import { createSweepView, type WatchedSweep } from '../output/sweep-view.ts';
import { leaveRunGoing } from './interrupt.ts';
import type { Session } from './session.ts';
import { watchRun } from './watch-run.ts';

/** Watches a sweep to its end. Ctrl-C ends the watching and prints how to watch again. */
export async function finishSweep(session: Session, workflowId: string): Promise<SweepSummary> {
  const view = createSweepView();
  const forget = leaveRunGoing(workflowId, view);
  try {
    return await watchRun<SweepSummary>(session, workflowId, view, (sweep) => askSweep(session.client, sweep));
  } finally {
    forget();
  }
}

/** The status of a sweep, and of those of its runs that are under way and whose workers answer. */
export async function askSweep(client: Session['client'], handle: WorkflowHandle): Promise<WatchedSweep> {
  const status = await handle.query<WatchedSweep>('status');
  const running = (status.sweep?.arms ?? []).flatMap(({ arm, runs }) =>
    runs.filter(({ state }) => state === 'running').map((run) => ({ ...run, arm })),
  );
  const asked = await Promise.all(
    running.map(async ({ run, arm, condition, seed }) => {
      const found = await client.workflow
        .getHandle(run)
        .query<RunStatus>('status')
        .catch(() => undefined);
      return found ? [{ run, name: `${arm} · ${condition} · seed ${seed}`, status: found }] : [];
    }),
  );
  return { ...status, running: asked.flat() };
}
