import type { JudgeWaiting } from '../contracts/judge-waiting.ts';
import type { Limits } from '../contracts/limits.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';

/** The run that the message handlers act on. */
export interface ControllableRun {
  readonly judge: JudgeConfig;
  /** Where benchmarks have a judge of their own. */
  readonly ownBenchmarkJudge?: JudgeConfig | undefined;
  status(waiting: Waiting): RunStatus;
  /** Markdown for its page in the Temporal UI. */
  details(waiting: Waiting): string;
  /** Changes limits, and says which hold. */
  limit(limits: Limits): Limits;
}

/** What a run waits for. */
export interface Waiting {
  /** For `resume`, after a `pause`. */
  paused: boolean;
  /** For a person to repair this, before the judge can be asked again. */
  blocked?: string | undefined;
  /** For the judge, whether a person must repair it or not. */
  judge?: JudgeWaiting | undefined;
}
