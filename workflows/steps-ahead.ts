import { CancellationScope } from '@temporalio/workflow';
import { samplesAhead } from '../algorithms/rollout-lag.ts';
import { type Collected, collectCompletions } from './collect-completions.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import type { StepInput } from './step.ts';
import { StoppedByUser } from './stopped-by-user.ts';

/**
 * The inputs of a run's steps, one after the other. With `rolloutLag: 1` the completions of the step after are sampled
 * while a step waits for the judge and updates.
 */
export class StepsAhead {
  readonly #run: RunState;
  readonly #gate: JudgeGate;
  #now: Collecting | undefined;
  #ahead: Collecting | undefined;

  constructor(run: RunState, gate: JudgeGate) {
    this.#run = run;
    this.#gate = gate;
  }

  /** What `trainStep` takes for the next step. Begins to sample for the step after. */
  next(): [input: StepInput, ahead?: Promise<Collected>] {
    const input = this.#run.nextStep(this.#gate);
    if (!samplesAhead(input.config.algorithm)) return [input];
    const { step } = input.place;
    this.#now = this.#ahead?.step === step ? this.#ahead : collecting(input);
    const { collected } = this.#now;
    const turn = collected.catch(() => undefined); // the step that awaits it throws
    this.#ahead = input.isLast(step) ? undefined : collecting({ ...this.#run.stepAhead(this.#gate), turn });
    return [input, collected];
  }

  /**
   * Settles when nothing is sampled any more: an execution that continues the run finds all of it in the store. What a
   * user's `stop` breaks off meanwhile, the run leaves out: it makes no further step.
   */
  async rest(): Promise<void> {
    await this.#ahead?.collected.catch((error: unknown) => {
      if (!(error instanceof StoppedByUser)) throw error;
    });
  }

  /** Breaks off what is sampled for steps that will not be made. */
  cancel(): void {
    this.#now?.scope.cancel();
    this.#ahead?.scope.cancel();
  }
}

/** Completions of a step that are being sampled and scored. */
interface Collecting {
  step: number;
  scope: CancellationScope;
  collected: Promise<Collected>;
}

function collecting(input: StepInput): Collecting {
  const scope = new CancellationScope();
  const collected = scope.run(() => collectCompletions(input));
  // Thrown where the step awaits it. Nothing more is sampled for a step that will not be made.
  collected.catch(() => scope.cancel());
  return { step: input.place.step, scope, collected };
}
