import type { Client } from '@temporalio/client';
import { endSentence } from '../../contracts/run-end.ts';
import type { RunSummary } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { TEMPLATE_MEMO } from '../../contracts/start-template.ts';

export interface ListedRun {
  workflowId: string;
  type: string;
  /** `running`, `completed`, `failed`, `terminated`, ... */
  state: string;
  /** ISO 8601. */
  started: string;
  /** Progress of a run that is active and whose workers answer. */
  status?: RunStatus;
  /** How a training run ended that has a result: `Stopped by a user after step 12 of 60`. */
  end?: string;
}

/** Workers that are away, or busy with something else, are not waited for. */
const ANSWER_MILLISECONDS = 3000;

/**
 * The latest runs, those that continue first, each once: of a run that continued as new, the execution that continues.
 */
export async function latestRuns(client: Client, most: number): Promise<ListedRun[]> {
  const runs: (ListedRun & { runId: string })[] = [];
  for await (const { workflowId, runId, type, status, startTime, memo } of client.workflow.list({
    query: 'ExecutionStatus != "ContinuedAsNew"',
  })) {
    if (memo?.[TEMPLATE_MEMO]) continue;
    runs.push({ workflowId, runId, type, state: status.name.toLowerCase(), started: startTime.toISOString() });
    if (runs.length === most) break;
  }
  return Promise.all(
    runs.map(async ({ runId, ...run }) => {
      const handle = client.workflow.getHandle(run.workflowId, runId);
      if (run.state === 'completed' && run.type === 'trainingRun') {
        const end = await client
          .withDeadline(Date.now() + ANSWER_MILLISECONDS, async () => ((await handle.result()) as RunSummary).end)
          .catch(() => undefined);
        return end ? { ...run, end: endSentence(end) } : run;
      }
      if (run.state !== 'running') return run;
      const status = await client
        .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => handle.query<RunStatus>('status'))
        .catch(() => undefined);
      if (!status) return run;
      const started = new Date(status.startTime ?? run.started).toISOString();
      return { ...run, started, status };
    }),
  );
}
