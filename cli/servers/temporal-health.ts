import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

const CALL_MILLISECONDS = 2000;

/** Whether a Temporal server answers at an address and has the namespace. */
export function answersTemporal(address: string, namespace = 'default'): Promise<boolean> {
  return succeeds(address, (connection) => connection.workflowService.describeNamespace({ namespace }));
}

/**
 * Makes a development server keep finished runs for a month, not for its default of a day. False while it is not up.
 */
export function keepFinishedRuns(address: string, namespace = 'default'): Promise<boolean> {
  const config = { workflowExecutionRetentionTtl: msToTs('30 days') };
  return succeeds(address, (connection) => connection.workflowService.updateNamespace({ namespace, config }));
}

async function succeeds(address: string, call: (connection: Connection) => Promise<unknown>): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: CALL_MILLISECONDS });
    await connection
      .withDeadline(Date.now() + CALL_MILLISECONDS, () => call(connection))
      .finally(() => connection.close());
    return true;
  } catch {
    return false;
  }
}
