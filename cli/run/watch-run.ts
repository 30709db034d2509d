import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { RunStatus } from '../../contracts/run-status.ts';
import { VideocapError } from '../../core/errors.ts';
import type { ProgressView } from '../output/progress-view.ts';
import { noWorker } from './ask-status.ts';
import { explainFailure } from './explain-failure.ts';
import type { Session } from './session.ts';
import { waitingActivities } from './waiting-activities.ts';

const LOOK_MILLISECONDS = 1000;
const KEEP_UP_MILLISECONDS = 4000;
const CALL_MILLISECONDS = 5000;
/** No worker is busy for so long without an answer. */
const SILENT_MILLISECONDS = 10_000;
/** More deaths than this in one watch have a cause that a restart does not fix. */
const MOST_RESTARTS = 20;

/**
 * Shows a run's progress until it ends, and keeps the local services up meanwhile: it restarts dead workers,
 * and the run continues. It waits for a server that does not answer for a while.
 * @param ask gives what the view shows.
 * @returns the run's result.
 * @throws VideocapError with the run's own sentence when it failed.
 */
export async function watchRun<T>(
  session: Session,
  workflowId: string,
  view: ProgressView,
  ask: (handle: WorkflowHandle) => Promise<RunStatus> = (handle) => handle.query<RunStatus>('status'),
): Promise<T> {
  const handle = session.client.workflow.getHandle(workflowId);
  const { connection } = session.client;
  const patiently = async <R>(call: () => Promise<R>): Promise<R | undefined> => {
    try {
      return await connection.withDeadline(Date.now() + CALL_MILLISECONDS, call);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw error;
      return undefined;
    }
  };
  let restarts = 0;
  let lastKeepUp = performance.now();
  let answered = performance.now();
  const notes = new Set<string>();
  try {
    for (;;) {
      const run = await patiently(() => handle.describe());
      if (run && run.status.name !== 'RUNNING') break;
      const status = await patiently(() => ask(handle));
      if (status) {
        view.show(status);
        answered = performance.now();
      }
      const silent = run !== undefined && performance.now() - answered > SILENT_MILLISECONDS;
      const now = [
        ...((run && (await patiently(() => waitingActivities(session.client, run)))) ?? []),
        ...(silent ? [`${noWorker(workflowId, run.taskQueue).message}. The run waits for them.`] : []),
      ];
      for (const note of now) if (!notes.has(note)) view.note(note);
      notes.clear();
      for (const note of now) notes.add(note);
      if (performance.now() - lastKeepUp > KEEP_UP_MILLISECONDS) {
        const revived = await session.keepUp();
        if (revived.length > 0) view.note(`Restarted ${revived.join(' and ')}; the run continues.`);
        restarts += revived.length;
        if (restarts > MOST_RESTARTS)
          throw new VideocapError(
            'Unavailable',
            `Services had to be restarted ${restarts} times. Look into the logs, then watch again: ` +
              `videocap status ${workflowId} --watch`,
          );
        lastKeepUp = performance.now();
      }
      await sleep(LOOK_MILLISECONDS);
    }
  } finally {
    view.close();
  }
  return resultOf<T>(handle);
}

async function resultOf<T>(handle: WorkflowHandle): Promise<T> {
  try {
    return (await handle.result()) as T;
  } catch (error) {
    throw explainFailure(error, handle.workflowId);
  }
}
