import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { RunState, RunStatus } from './run-state.ts';

export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const stopSignal = defineSignal('stop');
export const statusQuery = defineQuery<RunStatus>('status');

/** What people can say to a run while it works. Every message is valid at any time and harmless when repeated. */
export interface Control {
  readonly stopRequested: boolean;
  /** Returns at once, or when the run is resumed or stopped. */
  whilePaused(): Promise<void>;
}

/** Registers the run's messages; their descriptions are what the Temporal UI shows beside them. */
export function listenForControl(run: RunState): Control {
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
  setHandler(statusQuery, () => run.status(paused), {
    description: 'Stage, step, reward, KL, ETA and benchmark results so far.',
  });
  return {
    get stopRequested() {
      return stopRequested;
    },
    whilePaused: () => condition(() => !paused || stopRequested),
  };
}
