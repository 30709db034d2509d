import { Command } from '@commander-js/extra-typings';
import {
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { RunStatus } from '../../contracts/run-status.ts';
import { SweepMemo } from '../../contracts/sweep-input.ts';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { originOf } from '../run/ended-run.ts';
import { explainFailure } from '../run/explain-failure.ts';
import { type StartedRun, startWorkflow } from '../run/run-experiment.ts';
import { openSession, runLink, type Session } from '../run/session.ts';

/** Without an answer of a worker, the message is sent all the same. */
const ANSWER_MILLISECONDS = 3000;

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
      const run = was === 'running' ? await wake(session, description) : await restart(session, description, was);
      if (json) return printJson({ ...run, was });
      if (was === 'running') return print(`Run ${workflowId} continues.`);
      print(
        `Run ${workflowId} continues after its last step.`,
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
async function wake(session: Session, { workflowId, runId }: WorkflowExecutionDescription): Promise<StartedRun> {
  const handle = session.client.workflow.getHandle(workflowId);
  const status = await session.client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => handle.query<RunStatus>('status'))
    .catch(() => undefined);
  if (status?.asked === 'stop') throw stopsAnyway(workflowId);
  await handle.signal('resume');
  const link = runLink(session, workflowId, runId);
  return { workflowId, runId, ...(link && { link }) };
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
  return startWorkflow(
    session,
    'ablationSweep',
    workflowId,
    { sweep, resume: { run, plan } },
    `resumed after it was ${was}`,
  );
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
  const { run, limits, ...input } = originOf(ended);
  const resume = { run, ...(limits && { limits }) };
  try {
    const summary = `resumed after it was ${was}`;
    return await startWorkflow(session, 'trainingRun', workflowId, { ...input, resume }, summary);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // Another user has resumed it meanwhile.
    return wake(session, await session.client.workflow.getHandle(workflowId).describe());
  }
}
