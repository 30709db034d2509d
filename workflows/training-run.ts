import { ApplicationFailure, ContinueAsNew, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import type { Evaluation, RunSummary } from '../contracts/run-results.ts';
import { unknownMetric } from './best-checkpoint.ts';
import { type Control, listenForControl } from './control.ts';
import { evaluate, evaluateFinally } from './evaluate.ts';
import { finishRun, finishWithStatus } from './finish-run.ts';
import { MlflowMirror } from './mirror.ts';
import { record } from './record.ts';
import type { RunState } from './run-state.ts';
import { continueAsNew, controlStateOf, prepare, startRun } from './start-run.ts';
import type { StepOutcome } from './step.ts';
import { trainStep } from './train-step.ts';

/** One experiment: evaluate the base policy, train it step by step, evaluate again, report. Resumes at any line. */
export async function trainingRun(rawInput: unknown): Promise<RunSummary> {
  const control = listenForControl({ state: controlStateOf(rawInput) }); // pause, resume, stop, status
  const run = control.attach(await startRun(rawInput)); // validated input, resolved config
  const mirror = new MlflowMirror(run);
  try {
    await prepare(run); // data set, held-out clips, start policy
    await train(run, control, mirror);
    return await finishRun(run, mirror);
  } catch (error) {
    if (!(error instanceof ContinueAsNew))
      await finishWithStatus(run, mirror, isCancellation(error) ? 'KILLED' : 'FAILED');
    throw error;
  }
}

async function train(run: RunState, control: Control, mirror: MlflowMirror): Promise<void> {
  const isOver = () => run.finished || control.stopRequested;
  const measure = async (suites: boolean) => withBestMetric(run, await evaluate(run, control.judge, { suites }));
  const exportsLast = run.config.checkpoints.best === undefined;
  if (run.shouldEvaluate) await record(run, { metrics: {}, rollouts: [] }, await measure(run.snapshot.step === 0));

  let recording = Promise.resolve(); // a step's record is written beside the next step
  while (await goesOn(control, isOver)) {
    const [outcome] = await Promise.all([trainStep(run.nextStep(control.judge)), recording]);
    run.advance(outcome);
    await holdIfUnscorable(run, outcome, control);
    const evaluation = isOver() || run.shouldEvaluate ? await measure(isOver() && exportsLast) : undefined;
    recording = record(run, outcome, evaluation);
    recording.catch(() => undefined); // thrown where it is awaited; a cancellation may come before that
    control.show();
    if (workflowInfo().continueAsNewSuggested && !isOver()) {
      await recording;
      await mirror.rest();
      await continueAsNew({ continued: run.snapshot, control: control.state });
    }
  }
  await recording;
  // Stopped while it waited or was measured: the step is recorded, but its last benchmark is not complete.
  if (!run.evaluatedFinally) await evaluateFinally(run, control.judge);
}

/** A judge that answers, but hardly ever so that a score can be read, must not let a run end untrained. */
async function holdIfUnscorable(run: RunState, outcome: StepOutcome, control: Control): Promise<void> {
  const because = run.pauseBecause(outcome);
  if (because !== undefined && patched('pause-when-unscorable'))
    await control.judge.hold(because, () => control.stopRequested);
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
