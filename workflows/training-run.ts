import { ContinueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { RunSummary } from '../contracts/run-results.ts';
import { type Control, listenForControl } from './control.ts';
import { evaluate } from './evaluate.ts';
import { finishRun, leaveWithStatus } from './finish-run.ts';
import { MlflowMirror } from './mirror.ts';
import { record } from './record.ts';
import type { RunState } from './run-state.ts';
import { goOnAsNew, prepare, saidBefore, startRun } from './start-run.ts';
import { grpoStep, sftStep } from './train-step.ts';

/** One experiment: evaluate the base policy, train it step by step, evaluate again, report. Resumes at any line. */
export async function trainingRun(rawInput: unknown): Promise<RunSummary> {
  const control = listenForControl({ said: saidBefore(rawInput) }); // pause, resume, stop, status
  const run = control.follow(await startRun(rawInput)); // validated input, resolved config
  const mirror = new MlflowMirror(run);
  try {
    await prepare(run); // dataset, held-out clips, start policy
    await train(run, control, mirror);
    return await finishRun(run, mirror);
  } catch (error) {
    if (!(error instanceof ContinueAsNew))
      await leaveWithStatus(run, mirror, isCancellation(error) ? 'KILLED' : 'FAILED');
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
    if (control.stopRequested || run.finished) break; // so it may be after a pause
    const [trace] = await Promise.all([step(run, control.judge), recording]);
    const last = run.finished || control.stopRequested;
    const evaluation = last || run.shouldEvaluate ? await measure(last) : undefined;
    recording = record(run, trace, evaluation);
    recording.catch(() => undefined); // thrown where it is awaited; a cancellation may come before that
    control.show();
    if (workflowInfo().continueAsNewSuggested && !run.finished && !control.stopRequested) {
      await recording;
      await mirror.rest();
      await goOnAsNew({ continued: run.snapshot, said: control.said });
    }
  }
  await recording;
  // Stopped while it waited or was measured: the step is recorded, not all of its last benchmark is.
  if (!run.evaluatedFinally) run.keep(await measure(true));
}
