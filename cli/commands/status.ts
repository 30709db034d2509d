import { Command } from '@commander-js/extra-typings';
import { type WorkflowExecutionDescription, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { WrittenAnnotations } from '../../contracts/annotation.ts';
import { bestSentence } from '../../contracts/best.ts';
import { experimentsPage } from '../../contracts/mlflow-pages.ts';
import { endSentence } from '../../contracts/run-end.ts';
import type { Evaluation, RunSummary, SuiteEvaluation } from '../../contracts/run-results.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { parentage } from '../../contracts/start.ts';
import type { SweepSummary } from '../../contracts/sweep-results.ts';
import { VideocapError } from '../../core/errors.ts';
import { namesTemporal } from '../../core/temporal-variables.ts';
import { findInstallation, type Installation } from '../installation.ts';
import { keyTrap } from '../output/key-trap.ts';
import { examples, print, printJson } from '../output/print.ts';
import { createProgressView, progressLine, statusNotes } from '../output/progress-view.ts';
import { judgeNotes, metricsTable } from '../output/result-table.ts';
import { runLines } from '../output/run-lines.ts';
import { suiteLines } from '../output/suite-table.ts';
import { sweepEndLines } from '../output/sweep-lines.ts';
import { sweepLine, sweepNotes } from '../output/sweep-view.ts';
import { askStatus } from '../run/ask-status.ts';
import { explainFailure } from '../run/explain-failure.ts';
import { leaveRunGoing } from '../run/interrupt.ts';
import { listRuns } from '../run/list-runs.ts';
import { misplacedRuns } from '../run/misplaced-runs.ts';
import { finishRun, linksOf, type StartedRun } from '../run/run-experiment.ts';
import { openSession, runLink, type Session } from '../run/session.ts';
import { waitingActivities } from '../run/waiting-activities.ts';
import { watchRun } from '../run/watch-run.ts';
import { askSweep, finishSweep } from '../run/watch-sweep.ts';
import { findServices } from '../servers/services.ts';
import { annotationLines } from './annotate.ts';
import { collectWord } from './arguments.ts';
import { resultLines } from './run.ts';

/** Workers that are away are not waited for. */
const ANSWER_MILLISECONDS = 3000;

export const statusCommand = new Command('status')
  .summary('show services and runs, or one run')
  .description(
    'Shows the services and every run that Temporal keeps, the latest start first, with progress, result or the ' +
      'reason why there is none; with a run, the status of that one.',
  )
  .argument('[run]', 'a run; without it, all')
  .option('--filter <word>', 'list runs that have it in their name, kind, state or tags; repeatable', collectWord)
  .option('--watch', 'watch the run to its end, keeping the local services up')
  .option('--json', 'print as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap status', 'services and runs'],
      ['videocap status --filter running', 'those that are active; --filter failed, --filter grpo'],
      ['videocap status quickstart-20261124-120000-1a2b --watch', 'one run, until it ends'],
    ),
  )
  .action(async (workflowId, { filter = [], watch, json }) => {
    if (workflowId === undefined && watch) throw watchesNothing();
    if (workflowId !== undefined && filter.length > 0) throw filtersNothing(workflowId);
    const installation = findInstallation();
    if (workflowId === undefined) return showAll(installation, filter, json === true);
    const session = await openSession(installation);
    try {
      const description = await session.client.workflow.getHandle(workflowId).describe();
      const link = runLink(session, workflowId, description.runId);
      const run = { workflowId, runId: description.runId, ...(link && { link }) };
      if (watch && description.type === 'ablationSweep') {
        const summary = await finishSweep(session, workflowId);
        return json ? printJson({ ...run, summary }) : print(...sweepEndLines(summary, session.home));
      }
      if (watch && description.type === 'trainingRun') {
        const finished = await finishRun(session, run, installation);
        return json ? printJson(finished) : print(...resultLines(finished));
      }
      const isWatched = watch && description.status.name === 'RUNNING';
      if (isWatched) await watchOther(session, workflowId, description.type);
      const now = isWatched ? await session.client.workflow.getHandle(workflowId).describe() : description;
      await showRun(session, run, now, installation, json === true);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw explainFailure(error, workflowId);
      throw error;
    } finally {
      await session.close();
    }
  });

/** What `--watch` without a run meets. */
export function watchesNothing(): VideocapError {
  return new VideocapError('InvalidInput', '--watch watches one run; name it: videocap status RUN --watch');
}

/** What `--filter` beside a run meets. */
export function filtersNothing(run: string): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `--filter chooses from the list of all runs; leave it out to see ${run}, or leave out ${run}.`,
  );
}

/** Watches a benchmark or an annotation to its end. @throws VideocapError where it fails. */
async function watchOther(session: Session, workflowId: string, type: string): Promise<void> {
  const view = createProgressView({ steps: type === 'datasetAnnotation' });
  const forget = leaveRunGoing(workflowId, view);
  await watchRun(session, workflowId, view).finally(forget);
}

async function showAll(installation: Installation, filter: readonly string[], json: boolean): Promise<void> {
  const services = await findServices(installation);
  if (!namesTemporal(process.env) && (!services || services.dead.includes('temporal'))) {
    if (json) return printJson({ services: services ?? null, runs: [] });
    return print('Nothing runs; start the servers and workers with: videocap up');
  }
  const session = await openSession(installation);
  try {
    const runs = await listRuns(session.client, filter);
    const misplaced = await misplacedRuns(session.client);
    if (json) return printJson({ services, runs, ...(misplaced.length > 0 && { misplaced }) });
    print(
      ...(services ? [`Temporal UI ${services.temporalUi}   MLflow ${experimentsPage(services.mlflow)}`] : []),
      ...(services && services.dead.length > 0
        ? [`Not running: ${services.dead.join(', ')} (videocap up starts them)`]
        : []),
      '',
      ...runLines(runs, filter),
      ...misplaced,
    );
  } finally {
    await session.close();
  }
}

async function showRun(
  { client }: Session,
  run: StartedRun,
  description: WorkflowExecutionDescription,
  installation: Installation,
  json: boolean,
): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId);
  const state = description.status.name.toLowerCase();
  if (state === 'running' && description.type === 'ablationSweep') return showSweep(client, run, json);
  if (state === 'running') {
    const waiting = await waitingActivities(client, description);
    const status = await askStatus(client, handle, description.taskQueue);
    if (json) return printJson({ ...run, state, status, ...(waiting.length > 0 && { waitingActivities: waiting }) });
    return print(
      `${run.workflowId}   ${progressLine(status)}`,
      ...(status.trainedFrom ? [`started from ${parentage(status.trainedFrom)}`] : []),
      ...(status.best ? [`best checkpoint so far: ${bestSentence(status.best)}`] : []),
      ...statusNotes(status),
      ...waiting,
      ...(status.blocked || status.died || status.differs ? [`then: videocap resume ${run.workflowId}`] : []),
      ...keyTrap(status.blocked ?? '', run.workflowId),
      ...(status.paused ? [`continue with: videocap resume ${run.workflowId}`] : []),
      ...(run.link ? [run.link] : []),
    );
  }
  const result = (await handle.result().catch(async (error: unknown) => {
    throw state === 'cancelled' ? await explainCancellation(handle, error) : explainFailure(error, run.workflowId);
  })) as RunSummary | Evaluation | SuiteEvaluation | WrittenAnnotations | SweepSummary;
  if (json) return printJson({ ...run, state, result });
  if ('outcomes' in result) return print(`${run.workflowId}   ${state}`, ...sweepEndLines(result, installation.home));
  if ('review' in result) return print(`${run.workflowId}   ${state}`, ...annotationLines(result));
  if ('suite' in result) {
    const subject = result.policy ? `${result.policy.model}, step ${result.policy.step}` : 'predictions';
    return print(`${run.workflowId}   ${state}`, ...suiteLines(result.suite, { [subject]: { suites: [result] } }));
  }
  if (!('base' in result))
    return print(`${run.workflowId}   ${state}`, metricsTable(result.metrics), ...judgeNotes([result]));
  print(
    `${run.workflowId}   ${state}`,
    ...resultLines({ ...run, summary: result, links: linksOf(run, result, installation) }),
  );
}

/** A sweep that goes on: its runs, arm by arm. */
async function showSweep(client: Session['client'], run: StartedRun, json: boolean): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId);
  await askStatus(client, handle); // which says so where no worker answers
  const status = await askSweep(client, handle);
  if (json) return printJson({ ...run, state: 'running', status });
  print(
    `${run.workflowId}   ${sweepLine(status)}`,
    ...(status.sweep?.arms ?? []).flatMap(({ arm, runs, paused }) => [
      `  ${arm}${paused ? ' (paused)' : ''}`,
      ...runs.map(
        (each) => `    ${each.condition}, seed ${each.seed}: ${each.state}${each.reason ? `, ${each.reason}` : ''}`,
      ),
    ]),
    ...sweepNotes(status),
    ...(status.paused ? [`continue with: videocap resume ${run.workflowId}`] : []),
    ...(run.link ? [run.link] : []),
  );
}

/** Where a run was when it was cancelled, if a worker answers that. */
async function explainCancellation(handle: WorkflowHandle, error: unknown): Promise<Error> {
  const { workflowId, client } = handle;
  const status = await client
    .withDeadline(Date.now() + ANSWER_MILLISECONDS, () => handle.query<RunStatus>('status'))
    .catch(() => undefined);
  if (!status?.end) return explainFailure(error, workflowId);
  const [first, ...rest] = endSentence(status.end);
  const sentence = `${first!.toLowerCase()}${rest.join('')}`;
  return new VideocapError(
    'InvalidInput',
    `Run ${workflowId} was ${sentence}; it can continue: videocap resume ${workflowId}`,
    { cause: error },
  );
}
