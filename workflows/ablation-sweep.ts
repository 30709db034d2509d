import {
  allHandlersFinished,
  CancellationScope,
  ContinueAsNew,
  condition,
  isCancellation,
  setCurrentDetails,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { SWEEP_EXAMPLE } from '../contracts/start-choices.ts';
import { SweepInput, type SweepMemo } from '../contracts/sweep-input.ts';
import { LONGEST_REASON, planTitle } from '../contracts/sweep-plan.ts';
import type { SweepSummary } from '../contracts/sweep-results.ts';
import { clipped } from '../core/clipped.ts';
import { parseInput } from './parse-input.ts';
import { reasonOf } from './reason-of.ts';
import { FRESH } from './run-phase.ts';
import { noteAttributes } from './search-attributes.ts';
import { bestEffortActivities, longActivities, mediaActivities, mlflowActivities } from './stages.ts';
import { continueAsNew, controlStateOf, isContinuation, newRunKey } from './start-run.ts';
import { SweepControl } from './sweep-control.ts';
import { SweepRuns } from './sweep-runs.ts';
import type { NextRun, SweepSnapshot } from './sweep-snapshot.ts';
import { SweepState } from './sweep-state.ts';
import { sweepOutcomes } from './sweep-view.ts';

/** Runs every arm of a sweep in every condition with every seed, and compares them. Resumes at any line. */
export async function ablationSweep(raw: unknown): Promise<SweepSummary> {
  const control = new SweepControl(controlStateOf(raw));
  const sweep = await startSweep(raw);
  const runs = new SweepRuns(sweep);
  control.attach(sweep, runs);
  try {
    await playRuns(sweep, runs, control);
    return await finishSweep(sweep, control);
  } catch (error) {
    if (!(error instanceof ContinueAsNew)) await closeTracking(sweep, error);
    throw error;
  }
}

/** Keeps as many runs going as the plan has at a time, until none is left. */
async function playRuns(sweep: SweepState, runs: SweepRuns, control: SweepControl): Promise<void> {
  let fault: unknown; // of the sweep, which is cancelled: runs have their own
  const play = (run: NextRun) =>
    runs.play(run).catch((error: unknown) => {
      fault = error;
    });
  const isOver = () => sweep.finished && allHandlersFinished();
  while (!isOver()) {
    const { changes } = sweep;
    // A run's result comes to the execution that started it: none may run when this one ends.
    const drains = workflowInfo().continueAsNewSuggested;
    for (let next = drains ? undefined : sweep.next(); next; next = sweep.next()) void play(next);
    control.show();
    if (drains && sweep.running.length === 0 && allHandlersFinished())
      await continueAsNew({ continued: sweep.snapshot, control: control.state });
    await condition(() => sweep.changes > changes || fault !== undefined || isOver());
    if (fault) throw fault;
  }
}

/** The table, then MLflow. */
async function finishSweep(sweep: SweepState, control: SweepControl): Promise<SweepSummary> {
  sweep.stage = 'table';
  control.show();
  const { runKey, plan } = sweep.snapshot;
  const outcomes = sweepOutcomes(sweep);
  const { name, metric, reference } = plan;
  const compared = await mediaActivities.writeSweepTable({ runKey, name, metric, reference, outcomes });
  sweep.stage = 'mlflow';
  control.show();
  const { runUrl } = await mlflowActivities.finishSweepTracking({
    ...{ runKey, name, status: 'FINISHED', endTime: Date.now() },
    table: compared.table,
    report: compared.report,
    page: compared.page,
  });
  sweep.stage = 'finished';
  control.show();
  return { ...compared, runKey, outcomes, ...(runUrl !== undefined && { mlflowRunUrl: runUrl }) };
}

/** Sets the final status in MLflow of a sweep that was cancelled, or that has failed. */
async function closeTracking({ snapshot: { runKey, plan } }: SweepState, error: unknown): Promise<void> {
  const how = isCancellation(error)
    ? { status: 'KILLED' as const }
    : { status: 'FAILED' as const, reason: clipped(reasonOf(error), LONGEST_REASON) };
  await CancellationScope.nonCancellable(() =>
    bestEffortActivities.finishSweepTracking({ runKey, name: plan.name, endTime: Date.now(), ...how }),
  ).catch(() => undefined);
}

async function startSweep(raw: unknown): Promise<SweepState> {
  if (isContinuation<SweepSnapshot>(raw)) return new SweepState(raw.continued);
  const { resume, ...input } = parseInput(SweepInput, raw, SWEEP_EXAMPLE);
  const runKey = resume?.run ?? newRunKey();
  upsertMemo({ run: runKey, sweep: input.sweep } satisfies SweepMemo);
  noteAttributes({ ...FRESH, method: 'sweep', sweep: runKey });
  setCurrentDetails(`Starts: sweep ${input.sweep}.`);
  const plan = resume?.plan ?? (await longActivities.resolveSweep(input)).plan;
  upsertMemo({ summary: planTitle(plan) } satisfies Partial<SweepMemo>);
  const spentBefore = resume?.spent;
  return new SweepState({
    ...{ runKey, plan, startTime: Date.now(), runs: {}, pausedArms: [] },
    ...(spentBefore && { spentBefore }),
  });
}
