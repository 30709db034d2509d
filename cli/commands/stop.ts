import { Command } from '@commander-js/extra-typings';
import { WorkflowNotFoundError } from '@temporalio/client';
import { findInstallation } from '../installation.ts';
import { explainFailure } from '../watch/explain-failure.ts';
import { openSession } from '../watch/session.ts';
import { print } from './output.ts';

export const stopCommand = new Command('stop')
  .summary('end a run early, in good order')
  .description('Ends a run after its current step, with the final benchmark and the report.')
  .argument('<workflowId>', 'as `videocap status` lists it')
  .action(async (workflowId) => {
    const session = await openSession(findInstallation());
    try {
      await session.client.workflow.getHandle(workflowId).signal('stop');
      print(`Run ${workflowId} will end after its current step.`);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw explainFailure(error, workflowId);
      throw error;
    } finally {
      await session.close();
    }
  });
