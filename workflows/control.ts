import {
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow';
import { JUDGE_WAITS, JudgeWaiting } from '../contracts/judge-waiting.ts';
import type { Limits } from '../contracts/limits.ts';
import type { RunMemo } from '../contracts/run-memo.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { ControllableRun, Waiting } from './controllable-run.ts';
import { crashGate, replayGate } from './crash-gate.ts';
import type { Gate } from './gate.ts';
import { JudgeGate } from './judge-gate.ts';
import { parseLimits } from './limits.ts';
import { noteAttributes } from './search-attributes.ts';

export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const stopSignal = defineSignal('stop');
export const setLimitsUpdate = defineUpdate<Limits, [Limits]>('setLimits');
export const statusQuery = defineQuery<RunStatus>('status');

/** Status until the config has been resolved. */
const STARTING: RunStatus = { stage: 'starting', step: 0, totalSteps: 0, paused: false, evaluations: [] };

const STOP_AFTER_STEP =
  'End after the current step, with the final benchmark and report. Where the run waits for its judge or for you, ' +
  'end at once, and leave out what is not complete.';
const STOP_NOW = 'End now, without a result. What the judge has answered is kept and not paid for again.';

/** The longest part of an unknown message's name that is shown. */
const LONGEST_NAME = 60;

/** What a run says of a message that it cannot use. */
export function ignoredMessage(name: string, steps: boolean): string {
  const signals = steps ? 'pause, resume and stop' : 'resume and stop';
  const shown = JSON.stringify(name.slice(0, LONGEST_NAME)).replaceAll(/[^\w" .,:-]/g, '?');
  return `The signal ${shown} was ignored: this run knows ${signals}, the update setLimits and the query status.`;
}

/** The messages that still hold: a run that continues as new hands them on. */
export interface ControlState {
  paused: boolean;
  stopRequested: boolean;
}

/** The messages that people send to a run while it works. Each is valid at any time and harmless when repeated. */
export interface Control {
  readonly stopRequested: boolean;
  readonly state: ControlState;
  /** Stages that ask the judge go through this gate. */
  readonly judge: JudgeGate;
  /** From now on `status` answers for this run, and limits hold for it. */
  attach<R extends ControllableRun>(run: R): R;
  /** Whether the run waits for `resume` after a pause, or waited when it was cancelled. */
  readonly waits: boolean;
  /** Pauses the run after its current step, as the signal does. */
  pause(): void;
  /** Returns at once, or when the run is resumed or stopped. */
  whilePaused(): Promise<void>;
  /** Shows where the run is on its page in the Temporal UI, and by what Temporal finds it. */
  show(): void;
}

export interface ControlOptions {
  /** Control state of the execution that this one continues. */
  state?: ControlState | undefined;
  /** Does the work have steps, after which it can be paused or stopped? Default true. */
  steps?: boolean;
  /**
   * Called at the first `stop`, before anything else, with what the run waits for, in a sentence. A `stop` that was
   * sent before the run began comes before `listenForControl` has returned.
   */
  onStop?: (blocked: string | undefined) => void;
}

/**
 * Registers the run's messages, before anything is awaited so that none is ever refused; their descriptions are what
 * the Temporal UI shows beside them.
 */
export function listenForControl({ state, steps = true, onStop }: ControlOptions = {}): Control {
  let run: ControllableRun | undefined;
  let early: Limits = {};
  let { paused, stopRequested } = state ?? { paused: false, stopRequested: false };
  let waits = false;
  let ignored: string | undefined;
  const asked = () => (stopRequested ? 'stop' : paused && !waits ? 'pause' : undefined);
  const waiting = (): Waiting => ({
    paused: waits && paused && !stopRequested,
    asked: asked(),
    blocked: judge.sentence,
    died: crashGate.sentence,
    differs: replayGate.sentence,
    judge: judge.waiting,
    besides: judge.waitings.slice(1),
    ignored,
  });
  const show = () => {
    if (!run) return;
    setCurrentDetails(run.details(waiting()));
    noteAttributes(run.attributes(waiting()));
  };
  const judge = new JudgeGate();
  const gates = (): Gate[] => [judge, crashGate, replayGate, ...(run?.divergence ? [run.divergence] : [])];
  for (const gate of gates()) {
    gate.open(show);
    if (stopRequested) gate.stop();
  }
  const pause = () => {
    paused = true;
    show();
  };
  if (steps)
    setHandler(pauseSignal, pause, { description: 'Wait after the current step until resumed. Nothing is lost.' });
  setHandler(
    stopSignal,
    () => {
      if (!stopRequested) onStop?.(judge.waiting?.why ?? crashGate.sentence ?? replayGate.sentence);
      stopRequested = true;
      for (const gate of gates()) gate.stop();
      show();
    },
    { description: steps ? STOP_AFTER_STEP : STOP_NOW },
  );
  setHandler(
    resumeSignal,
    () => {
      paused = false;
      for (const gate of gates()) gate.resume();
      show();
    },
    {
      description:
        'Go on after a pause, also after an update that was not finite; ask the judge again once you have repaired ' +
        'what blocked it; or try again where the worker died or a replay differs, once you have removed the cause.',
    },
  );
  setHandler(
    setLimitsUpdate,
    (limits) => {
      early = { ...early, ...limits };
      const holding = run ? run.limit(limits) : early;
      // an execution that ends before its next step has written them nowhere else
      upsertMemo({ limits: holding } satisfies Partial<RunMemo>);
      return holding;
    },
    {
      description:
        'Change {"judgeBudgetUsd", "judgeBudgetCalls", "benchmarkJudgeBudgetUsd", "benchmarkJudgeBudgetCalls", ' +
        '"maxSteps"} of this run. A run paused by its budget continues after `resume`.',
      validator: (limits) => void parseLimits(limits, run),
    },
  );
  // `judgeWaits` is of the run's own activities: no message for people, whom the Temporal UI would offer one with a
  // handler of its own.
  setDefaultSignalHandler((name, argument, by) => {
    const waiting = name === JUDGE_WAITS ? JudgeWaiting.nullable().safeParse(argument) : undefined;
    if (waiting?.success) return judge.waits(waiting.data, typeof by === 'string' ? by : undefined);
    ignored = ignoredMessage(name, steps);
    log.warn(ignored);
    show();
  });
  setHandler(statusQuery, () => run?.status(waiting()) ?? STARTING, {
    description: 'Stage, step, reward, KL, ETA, judge spending and benchmark results so far.',
  });
  return {
    judge,
    attach(attached) {
      run = attached;
      run.limit(early);
      run.onStage = show;
      if (steps) run.divergence?.open(show);
      if (stopRequested) run.divergence?.stop();
      show();
      return attached;
    },
    get stopRequested() {
      return stopRequested;
    },
    get state() {
      return { paused, stopRequested };
    },
    get waits() {
      return waits;
    },
    show,
    pause,
    async whilePaused() {
      waits = paused && !stopRequested;
      if (waits) show();
      await condition(() => !paused || stopRequested);
      waits = false; // not so in a run that is cancelled while it waits: it ends paused
      show();
    },
  };
}
