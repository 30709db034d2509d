import { continueAsNew, isCancellation, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { RunSummary } from '../core/stages.ts';
import { type Control, listenForControl } from './control.ts';
import { evaluate } from './evaluate.ts';
import { finishRun, leaveWithStatus } from './finish-run.ts';
import { MlflowMirror } from './mirror.ts';
import { record } from './record.ts';
import { runDetails } from './run-details.ts';
import type { RunState } from './run-state.ts';
import { type Continuation, prepare, startRun } from './start-run.ts';
import { grpoStep, sftStep } from './train-step.ts';

/** One experiment: evaluate the base policy, train it step by step, evaluate again, report. Resumes at any line. */
export async function trainingRun(rawInput: unknown): Promise<RunSummary> {
  const control = listenForControl(); // pause, resume, stop, status
  const run = control.follow(await startRun(rawInput)); // validated input, resolved config
  const mirror = new MlflowMirror(run);
  try {
    await prepare(run); // dataset, held-out clips, start policy
    await train(run, control, mirror);
    return await finishRun(run, mirror);
  } catch (error) {
    if (run.snapshot.tracking) await leaveWithStatus(run, isCancellation(error) ? 'KILLED' : 'FAILED');
    throw error;
  }
}

async function train(run: RunState, control: Control, mirror: MlflowMirror): Promise<void> {
  const step = run.config.method === 'grpo' ? grpoStep : sftStep;
  const measure = (suites: boolean) => evaluate(run, run.policy, control.judge, { suites });
  if (run.shouldEvaluate) await record(run, { metrics: {} }, await measure(run.snapshot.step === 0));

  let recording = Promise.resolve(); // a step's record is written beside the next step
  while (!run.finished && !control.stopRequested) {
    await control.whilePaused();
    const [trace] = await Promise.all([step(run, control.judge), recording]);
    const last = run.finished || control.stopRequested;
    const evaluation = last || run.shouldEvaluate ? await measure(last) : undefined;
    recording = record(run, trace, evaluation);
    recording.catch(() => undefined); // thrown where it is awaited; a cancellation may come before that
    setCurrentDetails(runDetails(run));
    if (workflowInfo().continueAsNewSuggested && !run.finished) {
      await recording;
      await mirror.rest();
      await continueAsNew<(input: Continuation) => Promise<RunSummary>>({ continued: run.snapshot });
    }
  }
  await recording;
  // Stopped while it waited: the step is recorded, its benchmark is not.
  if (!run.evaluatedNow) run.keep(await measure(true));
}
