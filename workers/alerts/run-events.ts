import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import type { RunStatus } from '../../contracts/run-status.ts';
import { SEARCH_ATTRIBUTES } from '../../contracts/search-attributes.ts';
import { temporalLink } from '../../contracts/tracking.ts';
import { failureText } from '../failure-text.ts';
import { type Alert, alertId } from './alert.ts';
import type { AlertEvent } from './alert-rules.ts';

const KINDS = ['trainingRun', 'ablationSweep', 'benchmarkRun', 'datasetAnnotation'];
const ANSWER_MILLISECONDS = 5000;
/**
 * Runs that may wait for a user. A question costs the worker a task of the run, so those that are known to go on are
 * not asked; one that still prepares may wait before it tells Temporal so.
 */
const MAY_WAIT =
  `ExecutionStatus = "Running" AND (${SEARCH_ATTRIBUTES.paused.name} = true OR ` +
  `${SEARCH_ATTRIBUTES.phase.name} IS NULL OR ${SEARCH_ATTRIBUTES.phase.name} IN ("starting", "preparing"))`;

export interface EventsOf {
  client: Client;
  /** Runs that ended before are left out. Milliseconds since the epoch. */
  since: number;
  temporalUiUrl?: string | undefined;
  /** Whether a receiver lacks this alert: of others nothing is asked. */
  isNews(event: AlertEvent, id: string): Promise<boolean>;
}

/**
 * The alerts that runs give cause for: those that ended since a moment, and those that wait for a user now. A run of a
 * sweep that finished gives none; its sweep does.
 */
export async function runEvents({ client, since, temporalUiUrl, isNews }: EventsOf): Promise<Alert[]> {
  const kinds = `WorkflowType IN (${KINDS.map((kind) => `"${kind}"`).join(', ')})`;
  const ended = `ExecutionStatus != "Running" AND ExecutionStatus != "ContinuedAsNew" AND CloseTime >= "${iso(since)}"`;
  const alerts: Alert[] = [];
  for (const query of [`${kinds} AND ${ended}`, `${kinds} AND ${MAY_WAIT}`])
    for await (const execution of client.workflow.list({ query })) {
      const told =
        execution.status.name === 'RUNNING' ? await pauseOf(client, execution) : await endOf(client, execution, isNews);
      if (!told) continue;
      const { workflowId, runId, type } = execution;
      const link = temporalLink(temporalUiUrl, { namespace: client.options.namespace, workflowId, runId });
      alerts.push({ ...told, run: workflowId, kind: type, ...(link && { link }) });
    }
  return alerts;
}

type Told = Pick<Alert, 'id' | 'event' | 'text' | 'time'>;

async function endOf(
  client: Client,
  { workflowId, runId, status, parentExecution, closeTime }: WorkflowExecutionInfo,
  isNews: EventsOf['isNews'],
): Promise<Told | undefined> {
  const time = (closeTime ?? new Date()).toISOString();
  const event = status.name === 'COMPLETED' ? 'finished' : 'failed';
  const id = alertId(workflowId, runId, event);
  if ((event === 'finished' && parentExecution) || !(await isNews(event, id))) return undefined;
  if (event === 'finished') return { id, event, text: `Run ${workflowId} has finished.`, time };
  const reason = await client.workflow
    .getHandle(workflowId, runId)
    .result()
    .then(() => undefined, failureText);
  const how = status.name.toLowerCase().replaceAll('_', ' ');
  const text = `Run ${workflowId} has ended: ${how}${reason === undefined ? '.' : `: ${reason}`}`;
  return { id, event, text, time };
}

/** A run that waits for a user; nothing of one that goes on, or whose workers do not answer. */
async function pauseOf(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<Told | undefined> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const status = await client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => handle.query<RunStatus>('status'))
    .catch(() => undefined);
  if (!status) return undefined;
  const reason = status.blocked ?? status.died ?? status.differs ?? status.notFinite;
  if (reason === undefined && !status.paused) return undefined;
  const text =
    reason === undefined
      ? `Run ${workflowId} is paused after step ${status.step}; continue with: videocap resume ${workflowId}`
      : `Run ${workflowId} waits for you in step ${status.step + 1}: ${reason}`;
  const id = alertId(workflowId, runId, 'paused', status.step, reason ?? '');
  return { id, event: 'paused', text, time: new Date().toISOString() };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
