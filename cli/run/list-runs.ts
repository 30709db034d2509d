import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import pLimit from 'p-limit';
import type { WrittenAnnotations } from '../../contracts/annotation.ts';
import { endSentence } from '../../contracts/run-end.ts';
import { runKeyInMemo } from '../../contracts/run-key-in-memo.ts';
import type { Evaluation, RunSummary, SuiteEvaluation } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { TEMPLATE_MEMO } from '../../contracts/start-template.ts';
import type { SweepSummary } from '../../contracts/sweep-results.ts';
import { failureText } from '../../workers/failure-text.ts';
import { resultClause } from '../output/result-clause.ts';
import { givenLabels, labelsIn } from './labels.ts';

export interface ListedRun {
  workflowId: string;
  type: string;
  /** `running`, `completed`, `failed`, `terminated`, ... */
  state: string;
  /** ISO 8601. */
  started: string;
  tags?: string[];
  note?: string;
  /** Progress of a run that is active and whose workers answer. */
  status?: RunStatus;
  /** It is active, and no worker has answered. */
  unanswered?: true;
  /** How a training run ended that has a result: `Stopped by a user after step 12 of 60`. */
  end?: string;
  /** What came out: `eventF1 60.6 -> 71.4`. */
  result?: string;
  /** Why it has no result. */
  reason?: string;
}

/** Workers that are away, or busy with something else, are not waited for. */
const ANSWER_MILLISECONDS = 3000;
/** Requests to Temporal at a time. */
const AT_ONCE = 20;

/**
 * All runs that Temporal knows, the latest start first, each once: of a run that continued as new or was resumed, the
 * execution that goes on.
 * @param words a run is listed if its name, kind, state or tags hold all of them.
 */
export async function listRuns(client: Client, words: readonly string[] = []): Promise<ListedRun[]> {
  const executions: WorkflowExecutionInfo[] = [];
  for await (const execution of client.workflow.list({ query: 'ExecutionStatus != "ContinuedAsNew"' }))
    if (!execution.memo?.[TEMPLATE_MEMO]) executions.push(execution);
  const found = latestOfEach(executions)
    .map((execution) => ({ run: listed(execution), runId: execution.runId }))
    .filter(({ run }) => words.every((word) => textOf(run).includes(word.toLowerCase())));
  const limit = pLimit(AT_ONCE);
  const runs = await Promise.all(
    found.map(({ run, runId }) => limit(async () => ({ ...run, ...(await more(client, run, runId)) }))),
  );
  return runs.sort((a, b) => b.started.localeCompare(a.started));
}

/** A run that was resumed has several executions. Another run under the same id has another key. */
function latestOfEach(executions: readonly WorkflowExecutionInfo[]): WorkflowExecutionInfo[] {
  const latest = new Map<string, WorkflowExecutionInfo>();
  for (const execution of executions) {
    const { workflowId, memo, startTime } = execution;
    const key = JSON.stringify([workflowId, runKeyInMemo(memo) ?? null]);
    const other = latest.get(key);
    if (!other || other.startTime < startTime) latest.set(key, execution);
  }
  return [...latest.values()];
}

function listed({ workflowId, type, status, startTime, memo }: WorkflowExecutionInfo): ListedRun {
  return {
    ...{ workflowId, type, state: status.name.toLowerCase(), started: startTime.toISOString() },
    ...givenLabels(labelsIn(memo)),
  };
}

function textOf({ workflowId, type, state, tags = [] }: ListedRun): string {
  return [workflowId, type, state, ...tags].join('\n').toLowerCase();
}

/** What takes a request more for each run: nothing where Temporal or the workers do not answer in time. */
async function more(client: Client, { workflowId, type, state, started }: ListedRun, runId: string) {
  const handle = client.workflow.getHandle(workflowId, runId);
  const soon = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + ANSWER_MILLISECONDS, ask);
  if (state === 'running') {
    const status = await soon(() => handle.query<RunStatus>('status')).catch(() => undefined);
    if (!status) return { unanswered: true as const };
    return { started: new Date(status.startTime ?? started).toISOString(), status };
  }
  try {
    return ended(type, await soon(() => handle.result()));
  } catch (error) {
    const reason = failureText(error);
    return reason === undefined ? {} : { reason };
  }
}

type Result = RunSummary | Evaluation | SuiteEvaluation | WrittenAnnotations | SweepSummary;

function ended(type: string, result: unknown): Pick<ListedRun, 'end' | 'result'> {
  const { end } = result as Partial<RunSummary>;
  const clause = resultClause(result as Result);
  return {
    ...(type === 'trainingRun' && end && { end: endSentence(end) }),
    ...(clause !== undefined && { result: clause }),
  };
}
