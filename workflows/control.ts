import {
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Limits } from '../core/run-progress.ts';
import { JudgeGate } from './judge-gate.ts';
import { parseLimits } from './limits.ts';
import type { RunStatus } from './run-state.ts';

export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const stopSignal = defineSignal('stop');
export const setLimitsUpdate = defineUpdate<Limits, [Limits]>('setLimits');
export const statusQuery = defineQuery<RunStatus>('status');

/** Before the config is read. */
const NOT_YET: RunStatus = { stage: 'starting', step: 0, totalSteps: 0, paused: false, evaluations: [] };

/** What the messages are about. */
export interface Followed {
  status(paused: boolean, blocked?: string): RunStatus;
  /** Markdown for its page in the Temporal UI. */
  details(blocked?: string): string;
  /** Changes limits, and says which hold. */
  limit(limits: Limits): Limits;
}

/** What people can say to a run while it works. Every message is valid at any time and harmless when repeated. */
export interface Control {
  readonly stopRequested: boolean;
  /** What asks the judge goes through here. */
  readonly judge: JudgeGate;
  /** From now on `status` answers for this run, and limits hold for it. */
  follow<R extends Followed>(run: R): R;
  /** Returns at once, or when the run is resumed or stopped. */
  whilePaused(): Promise<void>;
}

/**
 * Registers the run's messages, before anything is awaited so that none is ever refused; their descriptions are what the
 * Temporal UI shows beside them.
 */
export function listenForControl(): Control {
  let run: Followed | undefined;
  let early: Limits = {};
  let paused = false;
  let stopRequested = false;
  const judge = new JudgeGate(() => run && setCurrentDetails(run.details(judge.blocked)));
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
      judge.resume();
    },
    { description: 'Go on after a pause, or ask the judge again once what blocked it is mended.' },
  );
  setHandler(
    stopSignal,
    () => {
      stopRequested = true;
    },
    { description: 'End after the current step, with the final benchmark and report.' },
  );
  setHandler(
    setLimitsUpdate,
    (limits) => {
      early = { ...early, ...limits };
      return run ? run.limit(limits) : early;
    },
    {
      description:
        'Change {"judgeBudgetUsd", "judgeBudgetCalls", "maxSteps"} of this run. A run paused by its budget goes on after `resume`.',
      validator: (limits) => void parseLimits(limits),
    },
  );
  setHandler(statusQuery, () => run?.status(paused, judge.blocked) ?? NOT_YET, {
    description: 'Stage, step, reward, KL, ETA, judge spending and benchmark results so far.',
  });
  return {
    judge,
    follow(followed) {
      run = followed;
      run.limit(early);
      return followed;
    },
    get stopRequested() {
      return stopRequested;
    },
    whilePaused: () => condition(() => !paused || stopRequested),
  };
}
