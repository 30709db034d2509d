import { Command } from '@commander-js/extra-typings';
import { WorkflowNotFoundError } from '@temporalio/client';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { originOf } from '../watch/ended-run.ts';
import { explainFailure } from '../watch/explain-failure.ts';
import { startWorkflow } from '../watch/run-experiment.ts';
import { openSession } from '../watch/session.ts';
import { examples, print } from './output.ts';

export const resumeCommand = new Command('resume')
  .summary('let a run go on: paused, terminated, cancelled or failed')
  .description(
    'Goes on after `pause`, or asks the judge again once what blocked it is mended. A run that was terminated, cancelled or ' +
      'failed goes on after the last step it wrote down, under its own name; what it had already made is not made again.',
  )
  .argument('<run>', 'as `videocap status` lists it')
  .addHelpText('after', examples(['videocap resume my-run', 'then: videocap status my-run --watch']))
  .action(async (workflowId) => {
    const session = await openSession(findInstallation());
    try {
      const handle = session.client.workflow.getHandle(workflowId);
      const description = await handle.describe();
      const state = description.status.name;
      if (state === 'RUNNING') {
        await handle.signal('resume');
        return print(`Run ${workflowId} goes on.`);
      }
      if (state === 'COMPLETED')
        throw new VideocapError(
          'InvalidInput',
          `Run ${workflowId} has finished; to try something else from one of its steps: videocap fork ${workflowId} --at-step N`,
        );
      const { run, ...input } = originOf(description);
      const started = await startWorkflow(
        session,
        'trainingRun',
        workflowId,
        { ...input, resume: { run } },
        `resumed after it was ${state.toLowerCase()}`,
      );
      print(
        `Run ${workflowId} goes on after its last step.`,
        ...(started.link ? [started.link] : []),
        `watch it: videocap status ${workflowId} --watch`,
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw explainFailure(error, workflowId);
      throw error;
    } finally {
      await session.close();
    }
  });
