import {
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow';
import type { Limits } from '../contracts/run-progress.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
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

/** What was said and still holds: handed on when a run continues as new. */
export interface Said {
  paused: boolean;
  stopRequested: boolean;
}

/** What the messages are about. */
export interface Followed {
  readonly judge: JudgeConfig;
  status(waiting: Waiting): RunStatus;
  /** Markdown for its page in the Temporal UI. */
  details(waiting: Waiting): string;
  /** Changes limits, and says which hold. */
  limit(limits: Limits): Limits;
}

/** Why a run does not go on. */
export interface Waiting {
  paused: boolean;
  /** What a person must mend before the judge can go on. */
  blocked?: string | undefined;
}

/** What people can say to a run while it works. Every message is valid at any time and harmless when repeated. */
export interface Control {
  readonly stopRequested: boolean;
  readonly said: Said;
  /** What asks the judge goes through here. */
  readonly judge: JudgeGate;
  /** From now on `status` answers for this run, and limits hold for it. */
  follow<R extends Followed>(run: R): R;
  /** Returns at once, or when the run is resumed or stopped. */
  whilePaused(): Promise<void>;
  /** Shows where the run is on its page in the Temporal UI. */
  show(): void;
}

export interface ControlOptions {
  /** By whoever this execution continues. */
  said?: Said | undefined;
  /** Does the work have steps, after which it can be paused or stopped? Default true. */
  steps?: boolean;
}

/**
 * Registers the run's messages, before anything is awaited so that none is ever refused; their descriptions are what the
 * Temporal UI shows beside them.
 */
export function listenForControl({ said, steps = true }: ControlOptions = {}): Control {
  let run: Followed | undefined;
  let early: Limits = {};
  let { paused, stopRequested } = said ?? { paused: false, stopRequested: false };
  const waiting = (): Waiting => ({ paused: paused && !stopRequested, blocked: judge.blocked });
  const show = () => run && setCurrentDetails(run.details(waiting()));
  const judge = new JudgeGate(show);
  if (steps) {
    setHandler(
      pauseSignal,
      () => {
        paused = true;
        show();
      },
      { description: 'Wait after the current step until resumed. Nothing is lost.' },
    );
    setHandler(
      stopSignal,
      () => {
        stopRequested = true;
        show();
      },
      {
        description:
          'End after the current step, with the final benchmark and report. Where the judge is what it waits for, that is once it can go on.',
      },
    );
  }
  setHandler(
    resumeSignal,
    () => {
      paused = false;
      judge.resume();
      show();
    },
    { description: 'Go on after a pause, or ask the judge again once what blocked it is mended.' },
  );
  setHandler(
    setLimitsUpdate,
    (limits) => {
      early = { ...early, ...limits };
      const holding = run ? run.limit(limits) : early;
      upsertMemo({ limits: holding }); // an execution that ends before its next step has written them nowhere else
      return holding;
    },
    {
      description:
        'Change {"judgeBudgetUsd", "judgeBudgetCalls", "maxSteps"} of this run. A run paused by its budget goes on after `resume`.',
      validator: (limits) => void parseLimits(limits, run?.judge),
    },
  );
  setHandler(statusQuery, () => run?.status(waiting()) ?? NOT_YET, {
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
    get said() {
      return { paused, stopRequested };
    },
    show,
    whilePaused: () => condition(() => !paused || stopRequested),
  };
}
