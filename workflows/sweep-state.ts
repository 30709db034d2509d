import type { Limits } from '../contracts/limits.ts';
import type { SweepPlace } from '../contracts/sweep-place.ts';
import { runsOf, type Share, type SweepArm, type SweepPlan, type SweepRun } from '../contracts/sweep-plan.ts';
import { failedSpending, isLimited, shareOf } from './sweep-budget.ts';
import { armsToStop } from './sweep-halving.ts';
import type { Ended, NextRun, RunProgressInSweep, SweepSnapshot } from './sweep-snapshot.ts';

type WithoutResult = Extract<RunProgressInSweep, { reason: string }>;

/** A sweep's state with the pure decisions about it: which run comes next, and what its end means for others. */
export class SweepState {
  readonly snapshot: SweepSnapshot;
  stage = 'runs';
  stopped = false;
  /** Counts what may let another run start. */
  changes = 0;
  #paused = false;

  constructor(snapshot: SweepSnapshot) {
    this.snapshot = snapshot;
    // An execution before this one has stopped them.
    snapshot.plan.halving?.stopped.forEach((arms, cut) => {
      for (const arm of arms) this.#stopEarly(arm, cut);
    });
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.changes += 1;
  }

  get plan(): SweepPlan {
    return this.snapshot.plan;
  }

  get runs(): SweepRun[] {
    return runsOf(this.plan);
  }

  get running(): SweepRun[] {
    return this.runs.filter(({ id }) => this.snapshot.runs[id]?.state === 'running');
  }

  /** Those that go on when the sweep does. */
  get resumable(): SweepRun[] {
    return this.running.filter(({ arm }) => !this.snapshot.pausedArms.includes(arm));
  }

  /** Whether every run has ended, or will not be started. */
  get finished(): boolean {
    return this.#open.length === 0 && this.running.length === 0;
  }

  /** Neither running nor ended. */
  get #open(): SweepRun[] {
    return this.runs.filter(({ id }) => ['waiting', 'resting'].includes(this.snapshot.runs[id]?.state ?? 'waiting'));
  }

  /** Those that may start before the next cut. */
  get #waiting(): SweepRun[] {
    return this.#open.filter(({ id }) => {
      const run = this.snapshot.runs[id];
      return run?.state !== 'resting' || run.cut < this.#cut;
    });
  }

  /** How many times the best arms have been chosen. */
  get #cut(): number {
    return this.plan.halving?.stopped.length ?? 0;
  }

  /** The key of a run in the store, and its workflow's id: the same in every execution of the sweep. */
  keyOf(id: string): string {
    return `${this.snapshot.runKey}.${id}`;
  }

  placeOf({ arm, condition, seed }: SweepRun): SweepPlace {
    return { sweep: this.snapshot.runKey, name: this.plan.name, arm, condition, seed };
  }

  /**
   * The run that starts next, and marks it as running; `undefined` while none may start. A run whose arm before it did
   * not finish, or that nothing of the budget is left for, is skipped.
   */
  next(): NextRun | undefined {
    if (this.paused || this.stopped || this.running.length >= this.plan.concurrency) return undefined;
    const waiting = this.#waiting;
    for (const run of waiting) {
      const next = this.#start(run);
      if (next) return next;
    }
    // What was skipped may have been waited for.
    if (this.#waiting.length < waiting.length) return this.next();
    return this.#chooseBest() ? this.next() : undefined;
  }

  #start(run: SweepRun): NextRun | undefined {
    const { runs, pausedArms } = this.snapshot;
    if (pausedArms.includes(run.arm)) return undefined;
    const before = run.after === undefined ? undefined : runs[run.after];
    if (run.after !== undefined && before?.state !== 'finished') {
      if (before && !['running', 'resting'].includes(before.state))
        this.#end(run, { state: 'skipped', reason: `${run.after}, which it starts from, has not finished` });
      return undefined;
    }
    const share = this.#shareOf(run);
    if (share === 'nothing') {
      // Others may give back what they do not need.
      if (this.running.length === 0)
        this.#end(run, { state: 'skipped', reason: 'nothing of the budget was left for it' });
      return undefined;
    }
    runs[run.id] = { state: 'running', ...(share && { share }) };
    const start = before?.state === 'finished' && { 'policy.model': `run:${this.keyOf(run.after!)}@${before.step}` };
    const limits = { ...limitsOf(share), ...this.#stepsOf(run) };
    return {
      ...run,
      overrides: { ...run.overrides, ...start },
      ...(Object.keys(limits).length > 0 && { limits }),
    };
  }

  #shareOf(run: SweepRun): Share | 'nothing' | undefined {
    if (run.calls === 0 || !isLimited(this.plan)) return undefined;
    const asking = this.#waiting.filter(({ calls }) => calls > 0).length;
    const places = Math.min(this.plan.concurrency - this.running.length, asking);
    return shareOf(this.snapshot, run.id, places);
  }

  /** The steps until the next cut, or all of them: a run keeps the limit that it was given last. */
  #stepsOf({ steps }: SweepRun): Limits | undefined {
    const { halving } = this.plan;
    return halving && { maxSteps: Math.min(steps, halving.atSteps[this.#cut] ?? steps) };
  }

  /** Whether a waiting run comes to the next cut before it is made: it starts from no arm, or from one that is done. */
  #comesFirst({ after }: SweepRun): boolean {
    return after === undefined || this.snapshot.runs[after]?.state === 'finished';
  }

  /** Where every run has come to the next cut: stops the arms that are not among the best. */
  #chooseBest(): boolean {
    const { halving } = this.plan;
    const isDue = this.running.length === 0 && this.#open.some(({ id }) => this.snapshot.runs[id]);
    if (!halving || !isDue || this.#waiting.some((run) => this.#comesFirst(run))) return false;
    const arms = armsToStop(this.plan, this.runs, this.snapshot.runs);
    this.snapshot.plan = { ...this.plan, halving: { ...halving, stopped: [...halving.stopped, arms] } };
    for (const arm of arms) this.#stopEarly(arm, this.#cut - 1);
    return true;
  }

  #stopEarly(arm: string, cut: number): void {
    const step = this.plan.halving!.atSteps[cut]!;
    this.#close(arm, { state: 'early', reason: `its arm was not among the best after step ${step}` });
  }

  /** A run has ended. */
  ended(id: string, end: Ended): void {
    const before = this.snapshot.runs[id];
    this.changes += 1;
    if (end.state !== 'finished') {
      this.snapshot.runs[id] = { ...(end.state === 'failed' && failedSpending(before)), ...end };
      return;
    }
    const { isLimited: limited, score, ...finished } = end;
    const cut = this.#cut;
    const rests = limited && cut < (this.plan.halving?.atSteps.length ?? 0);
    const paid = end.spent && { spent: end.spent };
    this.snapshot.runs[id] = rests ? { state: 'resting', cut, score, ...paid } : finished;
  }

  /** Adds an arm. What was checked is that it can be. */
  add(arm: SweepArm): void {
    this.changes += 1;
    this.snapshot.plan = { ...this.plan, arms: [...this.plan.arms, arm] };
  }

  /** No further run of the arm starts. @returns those that run. */
  stopArm(arm: string): SweepRun[] {
    this.changes += 1;
    this.#close(arm, { state: 'skipped', reason: 'a user stopped the arm' });
    return this.#runningOf(arm);
  }

  /** No run of the arm starts until it is resumed. @returns those that run. */
  pauseArm(arm: string, paused: boolean): SweepRun[] {
    const others = this.snapshot.pausedArms.filter((name) => name !== arm);
    this.changes += 1;
    this.snapshot.pausedArms = paused ? [...others, arm] : others;
    return this.#runningOf(arm);
  }

  /** Nothing more is started. */
  stop(): void {
    this.stopped = true;
    this.changes += 1;
    for (const { name } of this.plan.arms) this.#close(name, { state: 'skipped', reason: 'a user stopped the sweep' });
  }

  /** No open run of an arm starts any more. */
  #close(arm: string, end: WithoutResult): void {
    for (const run of this.#open) if (run.arm === arm) this.#end(run, end);
  }

  /** An open run does not start any more. One that has made steps keeps what it has spent. */
  #end({ id }: SweepRun, end: WithoutResult): void {
    const before = this.snapshot.runs[id];
    const paid = before?.state === 'resting' && before.spent && { spent: before.spent };
    const state = before && end.state === 'skipped' ? 'stopped' : end.state;
    this.snapshot.runs[id] = state === 'skipped' ? { ...end, state } : { ...end, state, ...paid };
  }

  #runningOf(arm: string): SweepRun[] {
    return this.running.filter((run) => run.arm === arm);
  }
}

function limitsOf({ usd, calls }: Share = {}): Limits {
  return {
    ...(usd !== undefined && { judgeBudgetUsd: usd }),
    ...(calls !== undefined && { judgeBudgetCalls: calls }),
  };
}
