import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { RunState, RunStatus } from './run-state.ts';

export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const stopSignal = defineSignal('stop');
export const statusQuery = defineQuery<RunStatus>('status');

/** Before the config is read. */
const NOT_YET: RunStatus = { stage: 'starting', step: 0, totalSteps: 0, paused: false, evaluations: [] };

/** What people can say to a run while it works. Every message is valid at any time and harmless when repeated. */
export interface Control {
  readonly stopRequested: boolean;
  /** From now on `status` answers for this run. */
  follow(run: RunState): RunState;
  /** Returns at once, or when the run is resumed or stopped. */
  whilePaused(): Promise<void>;
}

/**
 * Registers the run's messages, before anything is awaited so that none is ever refused; their descriptions are what the
 * Temporal UI shows beside them.
 */
export function listenForControl(): Control {
  let run: RunState | undefined;
  let paused = false;
  let stopRequested = false;
  setHandler(
    pauseSignal,
    () => {
      paused = true;
    },
    { description: 'Wait after the current step until resumed. Nothing is lost.' },
  );
  setHandler(
    resumeSignal,
    () => {
      paused = false;
    },
    { description: 'Go on after a pause.' },
  );
  setHandler(
    stopSignal,
    () => {
      stopRequested = true;
    },
    { description: 'End after the current step, with the final benchmark and report.' },
  );
  setHandler(statusQuery, () => run?.status(paused) ?? NOT_YET, {
    description: 'Stage, step, reward, KL, ETA and benchmark results so far.',
  });
  return {
    follow(followed) {
      run = followed;
      return followed;
    },
    get stopRequested() {
      return stopRequested;
    },
    whilePaused: () => condition(() => !paused || stopRequested),
  };
}
