import { createInterface } from 'node:readline/promises';
import { Command } from '@commander-js/extra-typings';
import type { Client } from '@temporalio/client';
import { runKeyInMemo } from '../../contracts/run-key-in-memo.ts';
import { VideocapError } from '../../core/errors.ts';
import { openStorage } from '../../core/open-storage.ts';
import { type Deletion, deleteRuns } from '../gc/delete-runs.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson, printNote } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { openSession } from '../run/session.ts';

export const deleteCommand = new Command('delete')
  .summary('delete a run that has ended, with what it has stored')
  .description(
    'Deletes an ended run, or a sweep with its runs: from Temporal’s list, and from the store all that no other run ' +
      'refers to. Nothing brings it back. Frames, videos and answers of the judge stay for other runs; so do the ' +
      'exported model and the run in MLflow, which has a delete of its own. Asks before it deletes.',
  )
  .argument('<run>', 'as `videocap status` lists it')
  .option('--dry-run', 'only say what would be deleted')
  .option('--yes', 'do not ask')
  .option('--json', 'print the result as JSON; needs --yes or --dry-run')
  .addHelpText(
    'after',
    examples(
      ['videocap delete my-run --dry-run', 'what would go, and its size'],
      ['videocap delete my-run', 'after a question'],
    ),
  )
  .action(async (workflowId, { dryRun = false, yes = false, json }) => {
    if (!dryRun && !yes && (json || !process.stdin.isTTY)) throw needsYes(workflowId);
    const { home } = findInstallation();
    const session = await openSession(findInstallation());
    try {
      const executions = await executionsOf(session.client, workflowId);
      const runKeys = new Set(executions.flatMap(({ runKey }) => runKey ?? []));
      const storage = await openStorage(home);
      const planned = await deleteRuns(storage, runKeys, { dryRun: true });
      const names = new Set(executions.map((execution) => execution.workflowId));
      if (!dryRun) {
        if (!yes && !(await agrees(`${planSentence([...names], planned)} Delete? (yes/no) `)))
          return print('Nothing was deleted.');
        // The store first, and a sweep after its runs: Temporal's list still has what was named where this is broken
        // off, so that it can be called again.
        await deleteRuns(storage, runKeys, { dryRun });
        for (const { workflowId, runId } of executions.toReversed())
          await session.client.workflowService.deleteWorkflowExecution({
            namespace: session.namespace,
            workflowExecution: { workflowId, runId },
          });
      }
      if (json) return printJson({ runs: [...names], dryRun, ...planned });
      print(dryRun ? planSentence([...names], planned) : deletedSentence([...names], planned));
    } finally {
      await session.close();
    }
  });

interface Execution {
  workflowId: string;
  runId: string;
  type: string;
  /** Its folder in the store; absent where it ended before it had one. */
  runKey: string | undefined;
}

/**
 * Every execution under a name, and of a sweep those of its runs, also of one that a user has resumed by itself: its
 * latest execution has no parent.
 * @throws VideocapError `InvalidInput` where there is none, and where one goes on.
 */
async function executionsOf(client: Client, workflowId: string): Promise<Execution[]> {
  const named = JSON.stringify(workflowId);
  const own = await executionsIn(client, `WorkflowId = ${named}`);
  if (own.length === 0)
    throw new VideocapError('InvalidInput', `There is no run ${workflowId}; list the runs with: videocap status`);
  const keys = [...new Set(own.flatMap(({ runKey, type }) => (type === 'ablationSweep' ? (runKey ?? []) : [])))];
  const below = await Promise.all(
    keys.map((key) => executionsIn(client, `WorkflowId STARTS_WITH ${JSON.stringify(`${key}.`)}`)),
  );
  return [...own, ...below.flat()];
}

async function executionsIn(client: Client, query: string): Promise<Execution[]> {
  const found: Execution[] = [];
  for await (const { workflowId, runId, type, memo, status } of client.workflow.list({ query })) {
    if (status.name === 'RUNNING') throw goesOn(workflowId);
    found.push({ workflowId, runId, type, runKey: runKeyInMemo(memo) });
  }
  return found;
}

async function agrees(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  printNote(question);
  try {
    return (await terminal.question('')).trim().toLowerCase() === 'yes';
  } finally {
    terminal.close();
  }
}

/** What would go. */
export function planSentence(runs: readonly string[], deletion: Deletion): string {
  return `Deletes ${runsText(runs)}: ${whatText(deletion)}.${sharedText(deletion)}`;
}

/** What has gone. */
export function deletedSentence(runs: readonly string[], deletion: Deletion): string {
  return `Deleted ${runsText(runs)}: ${whatText(deletion)}.${sharedText(deletion)}`;
}

function runsText(runs: readonly string[]): string {
  const below = runs.length - 1;
  return below === 0 ? `run ${runs[0]}` : `${runs[0]} with its ${below} run${below === 1 ? '' : 's'}`;
}

function whatText({ files, bytes }: Deletion): string {
  return `${files} files, ${sizeText(bytes)}`;
}

function sharedText({ shared }: Deletion): string {
  return shared === 0 ? '' : ` ${shared} artifacts stay, since other runs refer to them.`;
}

/** @param run that cannot be deleted yet. */
export function goesOn(run: string): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `Run ${run} goes on; end it first: videocap stop ${run} (after its step, with a report), or videocap cancel ${run}`,
  );
}

/** What a script meets that cannot be asked. */
export function needsYes(run: string): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `There is no terminal to ask on; add --yes to delete run ${run}, or --dry-run to see what would go.`,
  );
}
