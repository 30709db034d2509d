import { type WorkflowHandle, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { explainFailure } from '../watch/explain-failure.ts';
import { openSession } from '../watch/session.ts';
import { print } from './output.ts';

/** Says something to a run that is going on, and prints what came of it. */
export async function messageRun(workflowId: string, say: (run: WorkflowHandle) => Promise<string>): Promise<void> {
  const session = await openSession(findInstallation());
  try {
    print(await say(session.client.workflow.getHandle(workflowId)));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw explainFailure(error, workflowId);
    if (error instanceof WorkflowUpdateFailedError)
      throw new VideocapError('InvalidInput', error.cause?.message ?? error.message);
    throw error;
  } finally {
    await session.close();
  }
}
