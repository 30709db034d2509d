import {
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunEnd } from '../contracts/run-end.ts';
import type { Evaluation, RunSummary } from '../contracts/run-results.ts';
import { summariseStepsOf } from './activity-summary.ts';
import { unknownMetric } from './best-checkpoint.ts';
import { compareBenchmark } from './compare-benchmark.ts';
import { type Control, listenForControl } from './control.ts';
import { evaluate, evaluateFinally } from './evaluate.ts';
import { finishRun, finishWithStatus } from './finish-run.ts';
import { MlflowMirror } from './mirror.ts';
import { reasonOf } from './reason-of.ts';
import { record } from './record.ts';
import type { RunState } from './run-state.ts';
import { shownExecution } from './shown-execution.ts';
import { continueAsNew, controlStateOf, prepare, startRun } from './start-run.ts';
import type { StepOutcome } from './step.ts';
import { StepsAhead } from './steps-ahead.ts';
import { StoppedByUser, stoppedFailure } from './stopped-by-user.ts';
import { trainStep } from './train-step.ts';

/** One experiment: evaluate the base policy, train it step by step, evaluate again, report. Resumes at any line. */
export async function trainingRun(rawInput: unknown): Promise<RunSummary> {
  const control = listenForControl({ state: controlStateOf(rawInput) }); // pause, resume, stop, status
  const run = await startRun(rawInput); // validated input, resolved config
  showOnPages(run, control);
  const mirror = new MlflowMirror(run);
  let unfinished = 'its first benchmark';
  try {
    await prepare(run); // data set, held-out clips, start policy
    await measureFirst(run, control);
    unfinished = 'its result';
    const blocked = await train(run, control, mirror);
    run.end = run.endOf({ stopped: control.stopRequested, blocked });
    control.show();
    return await finishRun(run, mirror);
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const stop = error instanceof StoppedByUser ? error : undefined;
    run.end = stop ? run.endOf({ stopped: true, blocked: stop.blocked }) : brokenOff(run, error, control.waits);
    run.stage = run.end.how;
    await finishWithStatus(run, mirror);
    throw stop ? stoppedFailure(unfinished, stop.blocked) : error;
  } finally {
    control.show();
  }
}

/** From now on Temporal's UI shows where the run is. */
function showOnPages(run: RunState, control: Control): void {
  run.execution = shownExecution(run.snapshot.runKey);
  summariseStepsOf(run);
  control.attach(run);
}

/** How a run ends that is cancelled or fails. */
function brokenOff({ place: { step }, totalSteps }: RunState, error: unknown, whilePaused: boolean): RunEnd {
  const at = { step, totalSteps, ...(whilePaused && { whilePaused }) };
  return isCancellation(error) ? { how: 'cancelled', ...at } : { how: 'failed', ...at, reason: reasonOf(error) };
}

/**
 * The benchmark of the start policy, without which there is nothing to compare with: of a fork, where it must be
 * measured again.
 */
async function measureFirst(run: RunState, control: Control): Promise<void> {
  await compareBenchmark(run, control.judge);
  if (!run.shouldEvaluate) return;
  const evaluation = await measured(run, control, run.snapshot.step === 0);
  await record(run, { metrics: {} }, evaluation);
}

/** @returns what the run waited for when a user stopped it, if it had to leave something out. */
async function train(run: RunState, control: Control, mirror: MlflowMirror): Promise<string | undefined> {
  const isOver = () => run.finished || control.stopRequested;
  const exportsLast = run.config.checkpoints.best === undefined;
  const steps = new StepsAhead(run, control.judge);
  let recording = Promise.resolve(); // a step's record is written beside the next step
  let leftOut: StoppedByUser | undefined; // in place of a step
  let unmeasured: StoppedByUser | undefined;
  try {
    while (!unmeasured && (await goesOn(control, isOver))) {
      const known = run.collapse.length;
      const { done: outcome, wait } = await orStopped(async () => {
        const [made] = await Promise.all([trainStep(...steps.next()), recording]);
        return made;
      });
      leftOut = wait;
      if (!outcome) break;
      run.advance(outcome);
      await holdIfUnscorable(run, outcome, control);
      const ended = isOver();
      const { done: evaluation, wait: inBenchmark } = await orStopped(async () =>
        ended || run.shouldEvaluate ? measured(run, control, ended && exportsLast) : undefined,
      );
      unmeasured = inBenchmark;
      recording = record(run, outcome, evaluation);
      recording.catch(() => undefined); // thrown where it is awaited; a cancellation may come before that
      if (run.collapse.length > known && run.config.collapse.action === 'pause') control.pause();
      control.show();
      if (workflowInfo().continueAsNewSuggested && !isOver()) {
        await Promise.all([recording, steps.rest()]);
        await mirror.rest();
        await continueAsNew({ continued: run.snapshot, control: control.state });
      }
    }
    await recording;
  } finally {
    steps.cancel(); // whatever ends the loop
  }
  // A judge that was blocked in a step would be in the final benchmark, too.
  const measurable = !unmeasured && leftOut?.gate !== control.judge.name;
  if (measurable && !run.evaluatedFinally)
    unmeasured = (await orStopped(() => evaluateFinally(run, control.judge))).wait;
  return (leftOut ?? unmeasured)?.blocked;
}

/**
 * Does something that a user's `stop` breaks off where it would wait.
 * @returns what was done, or what it would have waited for.
 */
async function orStopped<T>(work: () => Promise<T>): Promise<{ done?: T; wait?: StoppedByUser }> {
  const scope = new CancellationScope();
  try {
    return { done: await scope.run(work) };
  } catch (error) {
    scope.cancel(); // what is done beside it
    if (!(error instanceof StoppedByUser)) throw error;
    return { wait: error };
  }
}

async function measured(run: RunState, control: Control, suites: boolean): Promise<Evaluation> {
  return withBestMetric(run, await evaluate(run, control.judge, { suites }));
}

/** A judge that answers, but hardly ever so that a score can be read, must not let a run end untrained. */
async function holdIfUnscorable(run: RunState, outcome: StepOutcome, control: Control): Promise<void> {
  const because = run.pauseBecause(outcome);
  if (because !== undefined) await control.judge.hold(because);
}

/** Whether there is another step to make, once the run is not paused any more. */
async function goesOn(control: Control, isOver: () => boolean): Promise<boolean> {
  if (isOver()) return false;
  await control.whilePaused();
  return !isOver();
}

/** @throws ApplicationFailure `InvalidConfig` for a metric of `checkpoints.best` that the benchmark does not have. */
function withBestMetric({ config }: RunState, evaluation: Evaluation): Evaluation {
  const { best } = config.checkpoints;
  const unknown = best && unknownMetric(evaluation, best);
  if (unknown) throw ApplicationFailure.nonRetryable(unknown, 'InvalidConfig');
  return evaluation;
}
