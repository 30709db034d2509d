import type { Limits } from '../contracts/limits.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { RunAttributes } from '../contracts/search-attributes.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import type { ControllableRun, Waiting } from './controllable-run.ts';
import { limitedJudge } from './limits.ts';

/** What a run that asks a judge keeps about it. */
export interface JudgedSnapshot {
  spent: JudgeSpending;
  limits: Limits;
}

/** A run that asks a judge, under limits that a person may change while it runs. */
export abstract class JudgedRun<Snapshot extends JudgedSnapshot> implements ControllableRun {
  readonly snapshot: Snapshot;
  abstract stage: string;
  /** The judge as the config has it. */
  protected abstract readonly configuredJudge: JudgeConfig;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  /** The judge, with the budget that holds now. */
  get judge(): JudgeConfig {
    return limitedJudge(this.configuredJudge, this.snapshot.limits);
  }

  /** Changes limits, and returns those that hold. */
  limit(limits: Limits): Limits {
    return Object.assign(this.snapshot.limits, limits);
  }

  /** Adds what a finished stage paid. */
  spend({ calls, cost }: Pick<JudgeUsage, 'calls' | 'cost'>): void {
    this.snapshot.spent = plus(this.snapshot.spent, { calls, cost });
  }

  /** With what a stage has paid that is not finished yet. */
  protected get spentSoFar(): JudgeSpending {
    return this.snapshot.spent;
  }

  abstract status(waiting: Waiting): RunStatus;
  abstract details(waiting: Waiting): string;
  abstract attributes(waiting: Waiting): RunAttributes;

  /** The part of the status that every run has. */
  protected judgedStatus(waiting: Waiting): JudgedStatus {
    const { paused, asked, blocked, died, differs, judge, besides = [] } = waiting;
    const spent = this.spentSoFar;
    return {
      stage: pausedStage(waiting) ?? this.stage,
      paused,
      ...(asked !== undefined && { asked }),
      ...(blocked !== undefined && { blocked }),
      ...(died !== undefined && { died }),
      ...(differs !== undefined && { differs }),
      ...(judge && { waiting: judge }),
      ...(besides.length > 0 && { alsoWaiting: besides }),
      ...(spent.calls > 0 && { judge: spent }),
    };
  }
}

/** What a run that waits for a person shows in place of its stage. */
function pausedStage({ paused, blocked, died, differs, judge }: Waiting): string | undefined {
  if (died !== undefined) return 'paused: worker died';
  if (differs !== undefined) return 'paused: replay differs';
  if (blocked !== undefined) return `paused: ${judge?.of ?? 'judge'}`;
  return paused ? 'paused' : undefined;
}

/** The part of the status that every run with a judge has. */
export type JudgedStatus = Pick<
  RunStatus,
  'stage' | 'paused' | 'asked' | 'blocked' | 'died' | 'differs' | 'waiting' | 'alsoWaiting' | 'judge'
>;

export const NOTHING: JudgeSpending = { calls: 0, usd: 0 };

export function sumOf(one: JudgeSpending, other: JudgeSpending): JudgeSpending {
  return { calls: one.calls + other.calls, usd: one.usd + other.usd };
}

export function plus({ calls, usd }: JudgeSpending, usage: Pick<JudgeUsage, 'calls' | 'cost'>): JudgeSpending {
  return { calls: calls + usage.calls, usd: usd + usage.cost };
}
