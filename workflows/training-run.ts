import {
  ApplicationFailure,
  CancellationScope,
  ContinueAsNew,
  isCancellation,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunEnd } from '../contracts/run-end.ts';
import type { Evaluation, RunSummary } from '../contracts/run-results.ts';
import { unknownMetric } from './best-checkpoint.ts';
import { compareBenchmark } from './compare-benchmark.ts';
import { type Control, listenForControl } from './control.ts';
import { waitsBecause } from './crash-gate.ts';
import { evaluate, evaluateFinally } from './evaluate.ts';
import { finishRun, finishWithStatus } from './finish-run.ts';
import { MlflowMirror } from './mirror.ts';
import { record } from './record.ts';
import type { RunState } from './run-state.ts';
import { continueAsNew, controlStateOf, prepare, startRun } from './start-run.ts';
import type { StepOutcome } from './step.ts';
import { isStopped, StoppedByUser, stoppedFailure } from './stopped-by-user.ts';
import { trainStep } from './train-step.ts';

/** One experiment: evaluate the base policy, train it step by step, evaluate again, report. Resumes at any line. */
export async function trainingRun(rawInput: unknown): Promise<RunSummary> {
  const control = listenForControl({ state: controlStateOf(rawInput) }); // pause, resume, stop, status
  const run = control.attach(await startRun(rawInput)); // validated input, resolved config
  const mirror = new MlflowMirror(run);
  try {
    await prepare(run); // data set, held-out clips, start policy
    await measureFirst(run, control);
    const blocked = await train(run, control, mirror);
    run.end = run.endOf({ stopped: control.stopRequested, blocked });
    control.show();
    return await finishRun(run, mirror);
  } catch (error) {
    if (!(error instanceof ContinueAsNew)) {
      run.end = isStopped(error) ? run.end! : brokenOff(run, error, control.waits);
      run.stage = run.end.how;
      await finishWithStatus(run, mirror);
    }
    throw error;
  } finally {
    control.show();
  }
}

/** How a run ends that is cancelled or fails. */
function brokenOff({ place: { step }, totalSteps }: RunState, error: unknown, whilePaused: boolean): RunEnd {
  const at = { step, totalSteps, ...(whilePaused && { whilePaused }) };
  return isCancellation(error) ? { how: 'cancelled', ...at } : { how: 'failed', ...at, reason: reasonOf(error) };
}

/** What the innermost cause says, without the layers that Temporal puts around it. */
function reasonOf(error: unknown): string {
  const { cause, message } = error instanceof Error ? error : { cause: undefined, message: String(error) };
  return cause instanceof Error ? reasonOf(cause) : message.replace(/\.$/, '');
}

/**
 * The benchmark of the start policy, without which there is nothing to compare with: of a fork, where it must be
 * measured again.
 */
async function measureFirst(run: RunState, control: Control): Promise<void> {
  const { wait: blocked } = await orStopped(async () => {
    await compareBenchmark(run, control.judge);
    if (!run.shouldEvaluate) return;
    const evaluation = await measured(run, control, run.snapshot.step === 0);
    await record(run, { metrics: {} }, evaluation);
  });
  if (blocked === undefined) return;
  run.end = run.endOf({ stopped: true, blocked });
  throw stoppedFailure('its first benchmark', blocked);
}

/** @returns what the run waited for when a user stopped it, if it had to leave something out. */
async function train(run: RunState, control: Control, mirror: MlflowMirror): Promise<string | undefined> {
  const isOver = () => run.finished || control.stopRequested;
  const exportsLast = run.config.checkpoints.best === undefined;
  let recording = Promise.resolve(); // a step's record is written beside the next step
  let blocked: string | undefined;
  while (blocked === undefined && (await goesOn(control, isOver))) {
    const known = run.collapse.length;
    const { done: outcome, wait } = await orStopped(async () => {
      const [made] = await Promise.all([unlessGivenUp(trainStep(run.nextStep(control.judge)), control), recording]);
      return made;
    });
    blocked = wait;
    if (!outcome) break; // the step is left out
    run.advance(outcome);
    await holdIfUnscorable(run, outcome, control);
    const ended = isOver();
    const { done: evaluation, wait: unmeasured } = await orStopped(async () =>
      ended || run.shouldEvaluate ? measured(run, control, ended && exportsLast) : undefined,
    );
    blocked = unmeasured;
    recording = record(run, outcome, evaluation);
    recording.catch(() => undefined); // thrown where it is awaited; a cancellation may come before that
    if (run.collapse.length > known && run.config.collapse.action === 'pause') control.pause();
    control.show();
    if (workflowInfo().continueAsNewSuggested && !isOver()) {
      await recording;
      await mirror.rest();
      await continueAsNew({ continued: run.snapshot, control: control.state });
    }
  }
  await recording;
  // Stopped while it waited or was measured: the step is recorded, but its last benchmark is not complete.
  if (blocked !== undefined || run.evaluatedFinally) return blocked;
  return (await orStopped(() => evaluateFinally(run, control.judge))).wait;
}

/**
 * Does something that a user's `stop` breaks off where it would wait.
 * @returns what was done, or what it would have waited for.
 */
async function orStopped<T>(work: () => Promise<T>): Promise<{ done?: T; wait?: string }> {
  const scope = new CancellationScope();
  try {
    return { done: await scope.run(work) };
  } catch (error) {
    if (!(error instanceof StoppedByUser)) throw error;
    scope.cancel(); // what was done beside it
    return { wait: error.blocked };
  }
}

async function measured(run: RunState, control: Control, suites: boolean): Promise<Evaluation> {
  return withBestMetric(run, await evaluate(run, control.judge, { suites }));
}

/** A step's outcome; `undefined` where it waited at the crash gate until a user stopped the run. */
async function unlessGivenUp(step: Promise<StepOutcome>, control: Control): Promise<StepOutcome | undefined> {
  return step.catch((error) => {
    if (control.stopRequested && waitsBecause(error) !== undefined) return undefined;
    throw error;
  });
}

/** A judge that answers, but hardly ever so that a score can be read, must not let a run end untrained. */
async function holdIfUnscorable(run: RunState, outcome: StepOutcome, control: Control): Promise<void> {
  const because = run.pauseBecause(outcome);
  if (because !== undefined && patched('pause-when-unscorable')) await control.judge.hold(because);
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
