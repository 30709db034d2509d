import {
  ApplicationFailure,
  defineUpdate,
  log,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow';
import { AddedArm, type SweepMemo } from '../contracts/sweep-input.ts';
import { MOST_RUNS, type SweepArm, type SweepPlan } from '../contracts/sweep-plan.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { type ControlState, ignoredMessage, pauseSignal, resumeSignal, statusQuery, stopSignal } from './control.ts';
import { noteAttributes } from './search-attributes.ts';
import { shownExecution } from './shown-execution.ts';
import { shortActivities } from './stages.ts';
import type { SweepRuns } from './sweep-runs.ts';
import type { SweepState } from './sweep-state.ts';
import { sweepAttributes, sweepDetails, sweepStatus } from './sweep-view.ts';

export const addArmUpdate = defineUpdate<string, [AddedArm]>('addArm');
export const pauseArmUpdate = defineUpdate<string, [string]>('pauseArm');
export const resumeArmUpdate = defineUpdate<string, [string]>('resumeArm');
export const stopArmUpdate = defineUpdate<string, [string]>('stopArm');

/** The messages that people send to a sweep. Each is valid at any time and harmless when repeated. */
export class SweepControl {
  #sweep: { state: SweepState; runs: SweepRuns } | undefined;
  #paused: boolean;
  #stopped: boolean;
  /** The plan that the memo has. */
  #noted: SweepPlan | undefined;

  /** Registers the messages before anything is awaited, so that none is ever refused. */
  constructor(state: ControlState | undefined) {
    this.#paused = state?.paused ?? false;
    this.#stopped = state?.stopRequested ?? false;
    setHandler(pauseSignal, () => this.#pause(true), {
      description: 'Start no further run, and let those that run wait after their current step.',
    });
    setHandler(resumeSignal, () => this.#pause(false), { description: 'Go on after a pause, in every run.' });
    setHandler(stopSignal, () => this.#stop(), {
      description: 'Start no further run, end those that run after their current step, and compare what is there.',
    });
    // Updates, not signals: the user who sends a wrong one learns why at once.
    setHandler(addArmUpdate, (arm) => this.#add(arm), {
      description: 'Add an arm: {"name": "grpo-beta", "set": {"algorithm.beta": 0.1}}.',
      validator: (arm) => this.#checkNew(arm),
    });
    const forArm = (verb: string, act: (arm: string) => void, description: string) => ({
      handler: (arm: string) => {
        act(arm);
        this.show();
        return `Arm ${arm} ${verb}.`;
      },
      options: { description, validator: (arm: string) => void this.#known(arm) },
    });
    const arms = {
      pause: forArm('waits', (arm) => this.#each(arm, 'pause'), 'Let an arm wait, by its name: "grpo".'),
      resume: forArm('goes on', (arm) => this.#each(arm, 'resume'), 'Let a paused arm go on, by its name: "grpo".'),
      stop: forArm('stops', (arm) => this.#each(arm, 'stop'), 'End an arm, by its name: "grpo". Others go on.'),
    };
    setHandler(pauseArmUpdate, arms.pause.handler, arms.pause.options);
    setHandler(resumeArmUpdate, arms.resume.handler, arms.resume.options);
    setHandler(stopArmUpdate, arms.stop.handler, arms.stop.options);
    setDefaultSignalHandler((name) => log.warn(ignoredMessage(name, true)));
    setHandler(
      statusQuery,
      () =>
        this.#sweep
          ? sweepStatus(this.#sweep.state)
          : { stage: 'starting', step: 0, totalSteps: 0, paused: false, evaluations: [] },
      { description: 'The runs of every arm: which wait, run, have finished or failed.' },
    );
  }

  /** What still holds: a sweep that continues as new hands it on. */
  get state(): ControlState {
    return { paused: this.#paused, stopRequested: this.#stopped };
  }

  /** From now on messages act on this sweep; those that came before hold for it, too. */
  attach(state: SweepState, runs: SweepRuns): void {
    this.#sweep = { state, runs };
    state.paused = this.#paused;
    if (this.#stopped) state.stop();
    this.show();
  }

  /** Shows where the sweep is on its page in the Temporal UI, and notes what another execution needs. */
  show(): void {
    if (!this.#sweep) return;
    const { state } = this.#sweep;
    setCurrentDetails(sweepDetails(state, shownExecution(state.snapshot.runKey)));
    noteAttributes(sweepAttributes(state));
    if (this.#noted !== state.plan) upsertMemo({ plan: state.plan } satisfies Partial<SweepMemo>);
    this.#noted = state.plan;
  }

  #pause(paused: boolean): void {
    this.#paused = paused;
    if (!this.#sweep) return;
    const { state, runs } = this.#sweep;
    state.paused = paused;
    runs.tell(paused ? state.running : state.resumable, paused ? pauseSignal : resumeSignal);
    this.show();
  }

  #stop(): void {
    this.#stopped = true;
    if (!this.#sweep) return;
    const { state, runs } = this.#sweep;
    state.stop();
    runs.tell(state.running, stopSignal);
    this.show();
  }

  #each(arm: string, what: 'pause' | 'resume' | 'stop'): void {
    const { state, runs } = this.#sweep!;
    if (what === 'stop') runs.tell(state.stopArm(arm), stopSignal);
    else runs.tell(state.pauseArm(arm, what === 'pause'), what === 'pause' ? pauseSignal : resumeSignal);
  }

  async #add(added: AddedArm): Promise<string> {
    const { state } = this.#sweep!;
    const { arm } = await shortActivities.resolveArm({ plan: state.plan, arm: AddedArm.parse(added) });
    // Another of that name, or the end, may have come meanwhile.
    const refusal = this.#endSentence() ?? nameTaken(state.plan, arm);
    if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusal, 'InvalidInput');
    if (state.runs.length + arm.seeds.length * state.plan.conditions.length > MOST_RUNS)
      throw ApplicationFailure.nonRetryable(`A sweep has at most ${MOST_RUNS} runs.`, 'InvalidInput');
    state.add(arm);
    this.show();
    return `Arm ${arm.name} was added.`;
  }

  /** @throws Error with a sentence, which refuses the update. */
  #checkNew(raw: unknown): void {
    const { data: arm, error } = AddedArm.safeParse(raw);
    const what = error?.issues.map(({ path, message }) => `${path.join('.') || 'arm'}: ${message}`).join('; ');
    if (!arm)
      throw new Error(`Wrong arm: ${what}. A right one is {"name": "grpo-beta", "set": {"algorithm.beta": 0.1}}.`);
    const plan = this.#plan();
    const refusal = this.#endSentence() ?? nameTaken(plan, arm);
    if (refusal !== undefined) throw new Error(refusal);
    if (arm.after !== undefined) this.#known(arm.after);
  }

  #plan(): SweepPlan {
    if (!this.#sweep) throw new Error('The sweep is still read; send this again in a moment.');
    const { state } = this.#sweep;
    if (state.stage !== 'runs') throw new Error('All runs of the sweep have ended; start another one for this arm.');
    return state.plan;
  }

  /** Why no arm can be added: its runs would not start, and the sweep would wait for them. */
  #endSentence(): string | undefined {
    return this.#stopped
      ? 'The sweep was stopped and starts no further run; start another one for this arm.'
      : undefined;
  }

  #known(arm: string): void {
    const names = this.#plan().arms.map(({ name }) => name);
    if (!names.includes(arm))
      throw new Error(`The sweep has no arm "${arm}"${didYouMean(`${arm}`, names)}; it has ${names.join(', ')}.`);
  }
}

function nameTaken({ arms }: SweepPlan, { name }: Pick<SweepArm, 'name'>): string | undefined {
  return arms.some((arm) => arm.name === name)
    ? `The sweep has an arm "${name}" already; choose another name.`
    : undefined;
}
