import type { Execution } from './tracking.ts';

/** The page of a workflow execution in the Temporal UI, or `undefined` where either is not known. */
export function temporalLink(uiUrl: string | undefined, execution: Execution | undefined): string | undefined {
  if (!uiUrl || !execution) return undefined;
  const { namespace, workflowId, runId } = execution;
  const path = ['namespaces', namespace, 'workflows', workflowId, runId].map(encodeURIComponent).join('/');
  return `${uiUrl.replace(/\/+$/, '')}/${path}/history`;
}
