import type { Limits } from '../contracts/limits.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { SweepPlace } from '../contracts/sweep-place.ts';
import { runsOf, type SweepArm, type SweepPlan, type SweepRun } from '../contracts/sweep-plan.ts';
import type { SweepOutcome } from '../contracts/sweep-results.ts';
import type { SweepStatus } from '../contracts/sweep-status.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { JudgeSpending } from '../judge/usage.ts';

/** What has become of a run so far. Absent from the snapshot: it waits for its turn. */
export type RunProgressInSweep =
  /** `share`: what of the budget is set aside for it. */
  | { state: 'running'; share?: Share }
  | { state: 'finished'; step: number; details: ArtifactRef; spent?: JudgeSpending }
  | { state: 'stopped'; reason: string; spent?: JudgeSpending }
  | { state: 'failed'; reason: string; spent?: JudgeSpending }
  | { state: 'skipped'; reason: string };

/** What a run ended with, as far as the sweep keeps it. */
export type Ended = Exclude<RunProgressInSweep, { state: 'running' }>;

type Share = { usd?: number; calls?: number };

/** Everything a sweep is between two of its runs; it survives continue-as-new as it is. */
export interface SweepSnapshot {
  runKey: string;
  plan: SweepPlan;
  /** Milliseconds since the epoch. */
  startTime: number;
  /** By the run's id. */
  runs: Record<string, RunProgressInSweep>;
  pausedArms: string[];
}

/** A run to start now. */
export interface NextRun extends SweepRun {
  limits?: Limits;
}

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
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.changes += 1;
  }

  get runs(): SweepRun[] {
    return runsOf(this.snapshot.plan);
  }

  get running(): SweepRun[] {
    return this.runs.filter(({ id }) => this.snapshot.runs[id]?.state === 'running');
  }

  /** Whether every run has ended, or will not be started. */
  get finished(): boolean {
    return this.#waiting.length === 0 && this.running.length === 0;
  }

  get #waiting(): SweepRun[] {
    return this.runs.filter(({ id }) => this.snapshot.runs[id] === undefined);
  }

  /** The key of a run in the store, and its workflow's id: the same in every execution of the sweep. */
  keyOf(id: string): string {
    return `${this.snapshot.runKey}.${id}`;
  }

  placeOf({ arm, condition, seed }: SweepRun): SweepPlace {
    const { runKey, plan } = this.snapshot;
    return { sweep: runKey, name: plan.name, arm, condition, seed };
  }

  /**
   * The run that starts next, and marks it as running; `undefined` while none may start. A run whose arm before it did
   * not finish, or that nothing of the budget is left for, is skipped.
   */
  next(): NextRun | undefined {
    const { runs, plan } = this.snapshot;
    if (this.paused || this.stopped || this.running.length >= plan.concurrency) return undefined;
    const waiting = this.#waiting;
    const skip = ({ id }: SweepRun, reason: string) => {
      runs[id] = { state: 'skipped', reason };
    };
    for (const run of waiting) {
      if (this.snapshot.pausedArms.includes(run.arm)) continue;
      const before = run.after === undefined ? undefined : runs[run.after];
      if (run.after !== undefined && before?.state !== 'finished') {
        if (before && before.state !== 'running') skip(run, `${run.after}, which it starts from, has not finished`);
        continue;
      }
      const share = this.#shareOf(run);
      if (share === 'nothing') {
        // Others may give back what they do not need.
        if (this.running.length === 0) skip(run, 'nothing of the budget was left for it');
        continue;
      }
      runs[run.id] = { state: 'running', ...(share && { share }) };
      const start = before?.state === 'finished' && { 'policy.model': `run:${this.keyOf(run.after!)}@${before.step}` };
      return {
        ...run,
        overrides: { ...run.overrides, ...start },
        ...(share && { limits: limitsOf(share) }),
      };
    }
    // What was skipped may have been waited for.
    return this.#waiting.length < waiting.length ? this.next() : undefined;
  }

  /**
   * What of the budget a run may use: of what is neither spent nor set aside for others, as much as its share of the
   * questions that all waiting runs are expected to ask. The shares never exceed the budget together.
   */
  #shareOf(run: SweepRun): Share | 'nothing' | undefined {
    const { budget } = this.snapshot.plan;
    if (run.calls === 0 || (budget.usd ?? budget.calls) === undefined) return undefined;
    const expected = this.#waiting.reduce((sum, { calls }) => sum + calls, 0);
    const portion = run.calls / expected;
    const { usd, calls } = this.#left;
    const share = {
      ...(usd !== undefined && { usd: usd * portion }),
      ...(calls !== undefined && { calls: Math.floor(calls * portion) }),
    };
    return (share.usd ?? 1) <= 0 || (share.calls ?? 1) <= 0 ? 'nothing' : share;
  }

  /** What is neither spent nor set aside. A run that failed has spent its whole share, as far as is known. */
  get #left(): Share {
    const { plan, runs } = this.snapshot;
    const { budget } = plan;
    const takenBy = (run: RunProgressInSweep): Share =>
      ('share' in run ? run.share : 'spent' in run ? run.spent : undefined) ?? {};
    const taken = (of: (spending: Share) => number | undefined) =>
      Object.values(runs).reduce((sum, run) => sum + (of(takenBy(run)) ?? 0), 0);
    return {
      ...(budget.usd !== undefined && { usd: budget.usd - taken(({ usd }) => usd) }),
      ...(budget.calls !== undefined && { calls: budget.calls - taken(({ calls }) => calls) }),
    };
  }

  /** A run has ended. */
  ended(id: string, end: Ended): void {
    const before = this.snapshot.runs[id];
    const share = before?.state === 'running' ? before.share : undefined;
    const unknown = end.state === 'failed' && end.spent === undefined && share;
    this.changes += 1;
    this.snapshot.runs[id] = unknown ? { ...end, spent: { usd: share.usd ?? 0, calls: share.calls ?? 0 } } : end;
  }

  /** Adds an arm. What was checked is that it can be. */
  add(arm: SweepArm): void {
    const { plan } = this.snapshot;
    this.changes += 1;
    this.snapshot.plan = { ...plan, arms: [...plan.arms, arm] };
  }

  /** No further run of the arm starts. @returns those that run. */
  stopArm(arm: string): SweepRun[] {
    this.changes += 1;
    for (const run of this.#waiting)
      if (run.arm === arm) this.snapshot.runs[run.id] = { state: 'skipped', reason: 'a user stopped the arm' };
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
    for (const run of this.#waiting)
      this.snapshot.runs[run.id] = { state: 'skipped', reason: 'a user stopped the sweep' };
  }

  #runningOf(arm: string): SweepRun[] {
    return this.running.filter((run) => run.arm === arm);
  }

  /** Those that go on when the sweep does. */
  get resumable(): SweepRun[] {
    return this.running.filter(({ arm }) => !this.snapshot.pausedArms.includes(arm));
  }

  /** In the order of the plan. */
  get outcomes(): SweepOutcome[] {
    return this.runs.map(({ id, arm, condition, seed }): SweepOutcome => {
      const run = this.snapshot.runs[id];
      const place = { arm, condition, seed };
      if (!run || run.state === 'running')
        return { ...place, state: 'skipped', reason: 'the sweep ended before it', run: this.keyOf(id) };
      return {
        ...place,
        state: run.state,
        ...('reason' in run && { reason: run.reason }),
        ...(run.state !== 'skipped' && { run: this.keyOf(id) }),
        ...('details' in run && { details: run.details }),
      };
    });
  }

  get status(): RunStatus & { sweep: SweepStatus } {
    const { runs, pausedArms, startTime } = this.snapshot;
    const all = this.runs;
    const ended = all.filter(({ id }) => runs[id] !== undefined && runs[id].state !== 'running');
    return {
      startTime,
      stage: this.paused && this.stage === 'runs' ? 'paused' : this.stage,
      step: ended.length,
      totalSteps: all.length,
      paused: this.paused,
      ...(this.stopped && { asked: 'stop' as const }),
      evaluations: [],
      sweep: {
        arms: this.snapshot.plan.arms.map(({ name }) => ({
          arm: name,
          runs: all
            .filter(({ arm }) => arm === name)
            .map(({ id, condition, seed }) => {
              const run = runs[id];
              return {
                ...{ run: this.keyOf(id), condition, seed, state: run?.state ?? ('waiting' as const) },
                ...(run && 'reason' in run && { reason: run.reason }),
              };
            }),
          ...(pausedArms.includes(name) && { paused: true }),
        })),
      },
    };
  }

  /** Markdown for the sweep's page in the Temporal UI: a line an arm, since the UI draws tables without padding. */
  get details(): string {
    const { status } = this;
    const counts = (runs: readonly { state: string }[]) =>
      [...new Set(runs.map(({ state }) => state))]
        .map((state) => `${runs.filter((run) => run.state === state).length} ${state}`)
        .join(', ');
    return [
      `**Sweep ${this.snapshot.plan.name}** ${status.stage}: ${status.step} of ${status.totalSteps} runs have ended`,
      '',
      ...status.sweep.arms.map(({ arm, runs, paused }) => `- ${arm}${paused ? ' (paused)' : ''}: ${counts(runs)}`),
      '',
      'Add an arm, or pause, resume or stop one, by the updates addArm, pauseArm, resumeArm and stopArm; the signals ' +
        'pause, resume and stop are for the whole sweep.',
    ].join('\n');
  }
}

function limitsOf({ usd, calls }: Share): Limits {
  return {
    ...(usd !== undefined && { judgeBudgetUsd: usd }),
    ...(calls !== undefined && { judgeBudgetCalls: calls }),
  };
}
