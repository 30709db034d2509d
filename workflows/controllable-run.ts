import type { JudgeWaiting } from '../contracts/judge-waiting.ts';
import type { Limits } from '../contracts/limits.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { RunAttributes } from '../contracts/search-attributes.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
import type { EngineConfig } from '../policy/policy-config.ts';
import type { Gate } from './gate.ts';

/** The run that the message handlers act on. */
export interface ControllableRun {
  readonly judge: JudgeConfig;
  /** Where benchmarks have a judge of their own. */
  readonly ownBenchmarkJudge?: JudgeConfig | undefined;
  /** Of a run that measures a policy: what writes captions. */
  readonly captioning?: { engine: EngineConfig };
  /** Where it trains a policy: it waits there when numbers are not finite. */
  readonly divergence?: Gate;
  status(waiting: Waiting): RunStatus;
  /** Markdown for its page in the Temporal UI. */
  details(waiting: Waiting): string;
  /** By what Temporal finds it, as far as that changes. */
  attributes(waiting: Waiting): RunAttributes;
  /** Called, where it is set, when the run has begun another stage, or another part of a round. */
  onStage?: () => void;
  /** Changes limits, and says which hold. */
  limit(limits: Limits): Limits;
}

/** What a run waits for. */
export interface Waiting {
  /** For `resume`, after a `pause`: at this moment, not after the step that is under way. */
  paused: boolean;
  /** What it will do after its current step. */
  asked?: 'pause' | 'stop' | undefined;
  /** For a person to repair this, before the judge can be asked again. */
  blocked?: string | undefined;
  /** For a person to decide what follows an update whose numbers were not finite. */
  notFinite?: string | undefined;
  /** For a person to remove what keeps ending the worker. */
  died?: string | undefined;
  /** For a person to bring back what a checkpoint was computed with, before it can be made again. */
  differs?: string | undefined;
  /** For the judge, whether a person must repair it or not. */
  judge?: JudgeWaiting | undefined;
  /** For what else of the same kind at once. */
  besides?: JudgeWaiting[];
  /** The last message that it could not use, in a sentence. */
  ignored?: string | undefined;
}
