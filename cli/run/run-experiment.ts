import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { allowConfig } from '../../configs/allowed-configs.ts';
import { keepConfig } from '../../configs/kept-configs.ts';
import { type ConfigText, configOf, isConfigPath, type Overrides } from '../../configs/load-config.ts';
import type { RunInput } from '../../contracts/run-input.ts';
import type { RunSummary } from '../../contracts/run-results.ts';
import { runTitle } from '../../contracts/run-title.ts';
import { LONGEST_RUN_ID, shortName } from '../../core/run-key.ts';
import type { Installation } from '../installation.ts';
import { createProgressView } from '../output/progress-view.ts';
import { storedAt } from '../output/stored-at.ts';
import { pinnedToCurrent } from './current-version.ts';
import { leaveRunGoing } from './interrupt.ts';
import { givenLabels } from './labels.ts';
import { priorityOf, type RunType } from './priority.ts';
import { runLink, type Session } from './session.ts';
import { requireStart } from './start-checkpoint.ts';
import { watchRun } from './watch-run.ts';

export interface StartedRun {
  workflowId: string;
  runId: string;
  /** Its page in the Temporal UI. */
  link?: string;
}

/** What a finished run is to people and scripts: where it is, and its result. */
export interface FinishedRun extends StartedRun {
  summary: RunSummary;
  links: { temporal?: string; mlflow?: string; report: string };
}

/**
 * Starts a training run. The config is checked here first, so that a wrong config fails before anything starts.
 * @throws VideocapError `InvalidConfig`; `InvalidInput` for a checkpoint that it cannot start from.
 */
export async function startRun(
  session: Session,
  source: ConfigText,
  overrides: Overrides,
  { name, ...starting }: Starting = {},
): Promise<StartedRun> {
  const config = await configOf(source, overrides);
  await requireStart(session, config.policy);
  const input = { ...(await forWorkers(source, session.home)), overrides };
  const how = { ...starting, memo: givenLabels(config) };
  return startWorkflow(session, 'trainingRun', newWorkflowId(name ?? config.name), input, runTitle(config), how);
}

export interface Starting {
  /** What its workflow id begins with; default: the config's name. */
  name?: string | undefined;
  /** It stays with the revision that is current when it starts. Default: it moves to each next one. */
  pin?: true | undefined;
  /** What its memo has from the start. */
  memo?: Record<string, unknown>;
}

/**
 * How the input of a run names a config. A path becomes absolute, since workers run elsewhere, and one that they may
 * open; a name stays a name. A text that was read is the one that they use.
 * @param home the installation's folder.
 */
export async function forWorkers(
  { name, text }: { name: string; text?: string | undefined },
  home: string,
): Promise<Pick<RunInput, 'config' | 'configHash'>> {
  const config = isConfigPath(name) ? resolve(name) : name;
  if (isConfigPath(name)) await allowConfig(home, name);
  return { config, ...(text !== undefined && { configHash: await keepConfig(home, { name: config, text }) }) };
}

/** Starts a workflow that takes one JSON object. */
export async function startWorkflow(
  session: Session,
  type: RunType,
  workflowId: string,
  input: object,
  staticSummary: string,
  { pin, memo }: Omit<Starting, 'name'> = {},
): Promise<StartedRun> {
  const handle = await session.client.workflow.start(type, {
    taskQueue: 'videocap',
    workflowId,
    args: [input],
    staticSummary,
    priority: priorityOf(type),
    ...(memo && { memo }),
    ...(pin && { versioningOverride: await pinnedToCurrent(session.client) }),
  });
  const link = runLink(session, workflowId, handle.firstExecutionRunId);
  return { workflowId, runId: handle.firstExecutionRunId, ...(link && { link }) };
}

/**
 * `<name>-<date>-<time>-<four random letters>`: sorts by time, and no two are the same. A name that is too long for a
 * run's id loses its end.
 */
export function newWorkflowId(name: string, now = new Date()): string {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const rest = `-${time}-${randomBytes(2).toString('hex')}`;
  return `${shortName(name, LONGEST_RUN_ID - rest.length)}${rest}`;
}

/** Watches a training run to its end. Ctrl-C ends the watching and prints how to watch again. */
export async function finishRun(session: Session, run: StartedRun, installation: Installation): Promise<FinishedRun> {
  const view = createProgressView();
  const forget = leaveRunGoing(run.workflowId, view);
  try {
    const summary = await watchRun<RunSummary>(session, run.workflowId, view);
    return { ...run, summary, links: linksOf(run, summary, installation) };
  } finally {
    forget();
  }
}

/** Links to the results of a finished run. */
export function linksOf(run: StartedRun, summary: RunSummary, { home }: Installation): FinishedRun['links'] {
  return {
    ...(run.link && { temporal: run.link }),
    ...(summary.mlflowRunUrl && { mlflow: summary.mlflowRunUrl }),
    report: storedAt(home, summary.report),
  };
}
