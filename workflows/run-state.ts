import type { ExperimentConfig } from '../configs/schema.ts';
import type { Limits, RunProgress } from '../contracts/run-progress.ts';
import type { Evaluation, RunSummary } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { Batch } from '../core/batch.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import type { Waiting } from './control.ts';
import { limitedJudge } from './limits.ts';
import { runDetails } from './run-details.ts';

/** Everything a run is, between two of its lines: small numbers and references. It survives continue-as-new as it is. */
export interface RunSnapshot {
  runKey: string;
  config: ExperimentConfig;
  startTime: number;
  dataset?: { manifest: ArtifactRef; digest: string };
  heldOutClips?: ArtifactRef;
  /** The policy training started from, and that the KL is measured to. */
  reference?: PolicyRef;
  policy?: PolicyRef;
  step: number;
  /** Clips decoded before their step came. */
  clipsAhead?: ClipsAhead;
  /** In the order of steps; the first is the start policy's. */
  evaluations: Evaluation[];
  tracking?: Tracking;
  /** Step records up to this step are in MLflow; -1: none. */
  mirroredStep: number;
  /** Step records exist up to this step; -1: none. */
  recordedStep: number;
  lastMetrics: Record<string, number>;
  /** What the judge has cost this run, up to the last finished stage. */
  spent: JudgeSpending;
  /** What a person has changed since the start. */
  limits: Limits;
  secondsPerStep?: number;
}

/** The clips of one step's batch. */
export interface ClipsAhead {
  step: number;
  clips: ArtifactRef;
}

export interface Tracking {
  mlflowRunId: string;
  experimentId: string;
  runUrl: string;
}

/** What the `status` query answers. */
export interface RunStatus {
  /** Of the run, which may have continued as new since: milliseconds since the epoch. */
  startTime?: number;
  stage: string;
  step: number;
  totalSteps: number;
  paused: boolean;
  /** What a person must mend before the judge can go on; then `resume`. */
  blocked?: string;
  judge?: JudgeSpending;
  rewardMean?: number;
  kl?: number;
  secondsPerStep?: number;
  etaSeconds?: number;
  mlflowRunUrl?: string;
  evaluations: { step: number; metrics: Record<string, number> }[];
}

/** A snapshot travels with every step, and a run may be benchmarked a thousand times. */
const MOST_EVALUATIONS = 32;

/** A run's state with the pure decisions about it: which samples come next, whether it is finished, when to evaluate. */
export class RunState {
  readonly snapshot: RunSnapshot;
  stage = 'starting';

  constructor(snapshot: RunSnapshot) {
    this.snapshot = snapshot;
  }

  get config(): ExperimentConfig {
    return this.snapshot.config;
  }

  get totalSteps(): number {
    return this.snapshot.limits.maxSteps ?? this.config[this.config.method].steps;
  }

  /** The judge, with the budget that holds now. */
  get judge(): JudgeConfig {
    return limitedJudge(this.config.judge, this.snapshot.limits);
  }

  /** Changes limits, and says which hold. */
  limit(limits: Limits): Limits {
    return Object.assign(this.snapshot.limits, limits);
  }

  /** Adds what a finished stage paid. */
  spend({ calls, cost }: { calls: number; cost: number }): void {
    const { spent } = this.snapshot;
    this.snapshot.spent = { calls: spent.calls + calls, usd: spent.usd + cost };
  }

  get finished(): boolean {
    return this.snapshot.step >= this.totalSteps;
  }

  get policy(): PolicyRef {
    return present(this.snapshot.policy, 'policy');
  }

  get reference(): PolicyRef {
    return present(this.snapshot.reference, 'reference');
  }

  get manifest(): ArtifactRef {
    return present(this.snapshot.dataset, 'dataset').manifest;
  }

  get heldOutClips(): ArtifactRef {
    return present(this.snapshot.heldOutClips, 'heldOutClips');
  }

  /** The place in the run of the step that comes next. */
  get nextPlace(): { runKey: string; step: number } {
    return { runKey: this.snapshot.runKey, step: this.snapshot.step + 1 };
  }

  get place(): { runKey: string; step: number } {
    return { runKey: this.snapshot.runKey, step: this.snapshot.step };
  }

  /** Which training samples a step takes. */
  batchOf(step: number): Batch {
    return { seed: this.config.seed, step, size: this.config[this.config.method].samplesPerStep };
  }

  /** Moves on by one optimiser step. */
  advance(policy: PolicyRef, metrics: Record<string, number>, seconds: number, ahead?: ClipsAhead): void {
    this.snapshot.step += 1;
    if (ahead) this.snapshot.clipsAhead = ahead;
    this.snapshot.policy = policy;
    this.snapshot.lastMetrics = metrics;
    const before = this.snapshot.secondsPerStep ?? seconds;
    this.snapshot.secondsPerStep = 0.8 * before + 0.2 * seconds;
  }

  /** Keeps a benchmark result, in place of an earlier one of the same step. Of many, those between the first and the last thin out: step records have the numbers of all. */
  keep(evaluation: Evaluation): void {
    const before = this.snapshot.evaluations.filter(({ step }) => step !== evaluation.step);
    const evaluations = [...before, evaluation];
    const last = evaluations.length - 1;
    this.snapshot.evaluations =
      last < MOST_EVALUATIONS ? evaluations : evaluations.filter((_, i) => i % 2 === 0 || i === last);
  }

  get evaluatedNow(): boolean {
    return this.evaluationNow !== undefined;
  }

  /** Is all measured that a run ends with, the published benchmarks that its config names among it? */
  get evaluatedFinally(): boolean {
    const suites = this.evaluationNow?.suites ?? [];
    return this.evaluatedNow && suites.length === this.config.benchmark.suites.length;
  }

  /** What was measured at the present step. */
  get evaluationNow(): Evaluation | undefined {
    return this.snapshot.evaluations.find(({ step }) => step === this.snapshot.step);
  }

  /** Before the first step, after every `benchmark.everySteps`, and after the last. */
  get shouldEvaluate(): boolean {
    const { step } = this.snapshot;
    const every = this.config.benchmark.everySteps;
    return !this.evaluatedNow && (step === 0 || this.finished || (every > 0 && step % every === 0));
  }

  status({ paused, blocked }: Waiting): RunStatus {
    const { startTime, step, lastMetrics, secondsPerStep, tracking, evaluations, spent } = this.snapshot;
    return {
      startTime,
      stage: blocked !== undefined ? 'paused: judge' : paused ? 'paused' : this.stage,
      step,
      totalSteps: this.totalSteps,
      paused,
      ...(blocked !== undefined && { blocked }),
      ...(spent.calls > 0 && { judge: spent }),
      ...(lastMetrics['reward/mean'] !== undefined && { rewardMean: lastMetrics['reward/mean'] }),
      ...(lastMetrics['train/kl'] !== undefined && { kl: lastMetrics['train/kl'] }),
      ...(secondsPerStep !== undefined && {
        secondsPerStep,
        etaSeconds: secondsPerStep * (this.totalSteps - step),
      }),
      ...(tracking && { mlflowRunUrl: tracking.runUrl }),
      evaluations: evaluations.map(({ step, metrics }) => ({ step, metrics })),
    };
  }

  /** Markdown for the run's page in the Temporal UI. */
  details(waiting: Waiting): string {
    return runDetails(this, waiting);
  }

  /** All that another execution needs to go on from here. */
  get progress(): RunProgress {
    const { startTime, step, evaluations, spent, limits, lastMetrics, secondsPerStep, mirroredStep } = this.snapshot;
    return {
      config: this.config,
      startTime,
      step,
      reference: this.reference,
      policy: this.policy,
      evaluations,
      spent,
      limits,
      lastMetrics,
      ...(secondsPerStep !== undefined && { secondsPerStep }),
      mirroredStep,
    };
  }

  summary(report: ArtifactRef, modelFolder: string): RunSummary {
    const { runKey, config, step, evaluations, tracking } = this.snapshot;
    return {
      runKey,
      config,
      steps: step,
      policy: this.policy,
      modelFolder,
      base: present(evaluations[0], 'base evaluation'),
      trained: present(evaluations.at(-1), 'last evaluation'),
      report,
      ...(tracking && { mlflowRunUrl: tracking.runUrl }),
    };
  }
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The run has no ${name} yet: a stage was called out of order.`);
  return value;
}
