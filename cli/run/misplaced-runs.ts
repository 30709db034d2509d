import type { Client } from '@temporalio/client';
import { START_TEMPLATES } from '../../contracts/start-template.ts';
import { pollersOf } from './waiting-activities.ts';

/** The queue of workflows. */
export const WORKFLOW_QUEUE = 'videocap';
const MOST_LISTED = 20;

/** Runs that were started in a task queue where no worker looks for them: a sentence each, with what to do. */
export async function misplacedRuns(client: Client): Promise<string[]> {
  const types = Object.keys(START_TEMPLATES).map((type) => `"${type}"`);
  const ours = `WorkflowType IN (${types.join(',')})`;
  const query = `ExecutionStatus="Running" AND TaskQueue != "${WORKFLOW_QUEUE}" AND ${ours}`;
  const served = new Map<string, boolean>();
  const sentences: string[] = [];
  for await (const { workflowId, taskQueue } of client.workflow.list({ query })) {
    if (!served.has(taskQueue)) served.set(taskQueue, (await pollersOf(client, taskQueue, 'workflow')) > 0);
    if (!served.get(taskQueue)) sentences.push(misplacedSentence(workflowId, taskQueue));
    if (sentences.length === MOST_LISTED) break;
  }
  return sentences;
}

export function misplacedSentence(workflowId: string, taskQueue: string): string {
  return (
    `Run ${workflowId} is in task queue ${taskQueue}, where no worker looks for runs, so it has not begun. End it ` +
    `(temporal workflow terminate --workflow-id ${workflowId}), and start it again in task queue ${WORKFLOW_QUEUE}.`
  );
}
