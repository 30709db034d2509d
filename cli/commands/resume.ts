import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from '@commander-js/extra-typings';
import {
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { lastStep } from '../../contracts/read-progress.ts';
import { readMemo } from '../../contracts/run-memo.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { SweepMemo } from '../../contracts/sweep-input.ts';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { progressLine } from '../output/progress-view.ts';
import { sweepLine, type WatchedSweep } from '../output/sweep-view.ts';
import { afterResume, unansweredSentence } from '../run/after-resume.ts';
import { originOf } from '../run/ended-run.ts';
import { explainFailure } from '../run/explain-failure.ts';
import { givenLabels, labelsIn } from '../run/labels.ts';
import { type StartedRun, startWorkflow } from '../run/run-experiment.ts';
import { openSession, runLink, type Session } from '../run/session.ts';
import { storeHere } from '../run/start-checkpoint.ts';
import { sweepSpending } from '../run/sweep-spending.ts';

/** Without an answer of a worker, the message is sent all the same. */
const ANSWER_MILLISECONDS = 3000;
const SWEEP_GOES_ON = 'Finished runs stay; the others go on after their last steps, those that failed among them.';
/** Within this time a run that cannot begin again fails. */
const BEGIN_MILLISECONDS = 6000;
const LOOK_MILLISECONDS = 300;

export const resumeCommand = new Command('resume')
  .summary('resume a paused, terminated, cancelled or failed run')
  .description(
    'Continues a paused run, or asks the judge again after you have fixed what blocked it. A terminated, cancelled ' +
      'or failed run continues after its last recorded step, under its own name; it reuses all stored results.',
  )
  .argument('<run>', 'as `videocap status` lists it')
  .option('--json', 'print the result as JSON')
  .addHelpText('after', examples(['videocap resume my-run', 'then: videocap status my-run --watch']))
  .action(async (workflowId, { json }) => {
    const session = await openSession(findInstallation());
    try {
      const description = await session.client.workflow.getHandle(workflowId).describe();
      const was = description.status.name.toLowerCase();
      if (was === 'running') {
        const { before, ...run } = await wake(session, description);
        const resumed = await afterResume(workflowId, before, () => statusOf(session, workflowId));
        // A script learns by the exit status, and the reason from `status`.
        if (resumed.waitsAgain) process.exitCode = 1;
        return json ? printJson({ ...run, was, waitsAgain: resumed.waitsAgain }) : print(...resumed.lines);
      }
      const after = await lastStepOf(session, description);
      const run = await restart(session, description, was);
      if (json) return printJson({ ...run, was, ...(after !== undefined && { afterStep: after }) });
      print(
        `Run ${workflowId} continues${after === undefined ? '' : ` after step ${after}`}.`,
        ...(description.type === 'ablationSweep' ? [SWEEP_GOES_ON] : []),
        ...(await statusSoon(session, workflowId)),
        ...(run.link ? [run.link] : []),
        `watch it: videocap status ${workflowId} --watch`,
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw explainFailure(error, workflowId);
      throw error;
    } finally {
      await session.close();
    }
  });

/** @throws VideocapError `InvalidInput` for a run that was asked to stop: no later request changes that. */
async function wake(
  session: Session,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<StartedRun & { before?: RunStatus | undefined }> {
  const before = await statusOf(session, workflowId);
  if (before?.asked === 'stop') throw stopsAnyway(workflowId);
  await session.client.workflow.getHandle(workflowId).signal('resume');
  const link = runLink(session, workflowId, runId);
  return { workflowId, runId, ...(link && { link }), before };
}

/** Absent where no worker answers in time. */
function statusOf({ client }: Session, workflowId: string): Promise<WatchedSweep | undefined> {
  return client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () =>
      client.workflow.getHandle(workflowId).query<WatchedSweep>('status'),
    )
    .catch(() => undefined);
}

/** The last step that a training run has recorded, where the store is here. */
async function lastStepOf(session: Session, { memo, type }: WorkflowExecutionDescription): Promise<number | undefined> {
  const key = type === 'trainingRun' ? readMemo(memo)?.run : undefined;
  const store = key === undefined ? undefined : await storeHere(session);
  return store && lastStep(store, key!);
}

/**
 * What a run that has just begun again says of itself; nothing while it says nothing.
 * @throws VideocapError with the run's sentence if it has failed at once.
 */
async function statusSoon(session: Session, workflowId: string): Promise<string[]> {
  const handle = session.client.workflow.getHandle(workflowId);
  const deadline = Date.now() + BEGIN_MILLISECONDS;
  while (Date.now() < deadline) {
    const { status } = await handle.describe();
    if (status.name === 'FAILED')
      await handle.result().catch((error) => Promise.reject(explainFailure(error, workflowId)));
    if (status.name !== 'RUNNING') return [];
    const now = await statusOf(session, workflowId);
    if (now && now.stage !== 'starting') return [now.sweep ? sweepLine(now) : progressLine(now)];
    await sleep(LOOK_MILLISECONDS);
  }
  return (await statusOf(session, workflowId)) ? [] : [unansweredSentence(workflowId)];
}

/** Starts another execution of a sweep: runs that failed are tried again, too. */
async function restartSweep(
  session: Session,
  { workflowId, memo }: WorkflowExecutionDescription,
  was: string,
): Promise<StartedRun> {
  const known = SweepMemo.safeParse(memo).data;
  if (!known?.plan)
    throw new VideocapError(
      'InvalidInput',
      `Sweep ${workflowId} ended before its file was read; start a new one with: videocap sweep`,
    );
  const { run, sweep, plan } = known;
  const store = await storeHere(session);
  const spent = store && (await sweepSpending(store, run, plan));
  const resume = { run, plan, ...(spent && { spent }) };
  return startWorkflow(session, 'ablationSweep', workflowId, { sweep, resume }, `resumed after it was ${was}`);
}

/** What `resume` meets of a run that was asked to stop. */
export function stopsAnyway(workflowId: string): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `Run ${workflowId} was asked to stop and ends after its current step; resume cannot undo that. To train further ` +
      `from one of its steps: videocap fork ${workflowId} --at-step N`,
  );
}

/** Starts another execution of a run that has ended. */
async function restart(session: Session, ended: WorkflowExecutionDescription, was: string): Promise<StartedRun> {
  const { workflowId, type } = ended;
  if (was === 'completed' && type !== 'ablationSweep')
    throw new VideocapError(
      'InvalidInput',
      type === 'trainingRun'
        ? `Run ${workflowId} has finished; to continue from one of its steps: videocap fork ${workflowId} --at-step N`
        : `Run ${workflowId} has finished.`,
    );
  if (type === 'ablationSweep') return restartSweep(session, ended, was);
  const { run, limits, summary: _, ...input } = originOf(ended);
  const resume = { run, ...(limits && { limits }) };
  try {
    const summary = `resumed after it was ${was}`;
    const memo = givenLabels(labelsIn(ended.memo));
    return await startWorkflow(session, 'trainingRun', workflowId, { ...input, resume }, summary, { memo });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // Another user has resumed it meanwhile.
    const { before: _, ...run } = await wake(session, await session.client.workflow.getHandle(workflowId).describe());
    return run;
  }
}
