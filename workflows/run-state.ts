import { refreshesReference } from '../algorithms/reference-refresh.ts';
import { samplesAhead } from '../algorithms/rollout-lag.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { BestCheckpoint } from '../contracts/best.ts';
import type { CollapseWarning } from '../contracts/collapse.ts';
import type { RunEnd } from '../contracts/run-end.ts';
import { type MovingPart, NOTHING_SEEN, type RunIdentity } from '../contracts/run-identity.ts';
import type { Evaluation, RunSummary } from '../contracts/run-results.ts';
import type { RunProgress, RunSnapshot } from '../contracts/run-state.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { SetAside } from '../contracts/set-aside.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { Identity } from '../core/identity.ts';
import type { StepPlace } from '../core/place.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { JudgeSection } from '../judge/client/config-section.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
import type { JudgedBy } from '../judge/judged-by.ts';
import type { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import { bestAfter, bestSteps, endedEarly } from './best-checkpoint.ts';
import { NOTHING_WATCHED, watchEvaluation, watchStep } from './collapse.ts';
import type { Waiting } from './controllable-run.ts';
import { DivergenceGate } from './divergence-gate.ts';
import type { HeldOutMetric } from './held-out-fall.ts';
import type { JudgeGate } from './judge-gate.ts';
import { JudgedRun, plus } from './judged-run.ts';
import { limitedJudge } from './limits.ts';
import { noteIdentity } from './moving-parts.ts';
import { runDetails } from './run-details.ts';
import { pauseBecause, stepsBelow } from './scorable-rule.ts';
import type { StepInput, StepOutcome } from './step.ts';
import { trainingStatus } from './training-status.ts';

const NOTHING: JudgeSpending = { calls: 0, usd: 0 };

/** A snapshot travels with every step, and a run may be benchmarked a thousand times. */
const MOST_EVALUATIONS = 32;

/**
 * A run's state with the pure decisions about it: which samples come next, whether it is finished, when to evaluate.
 */
export class RunState extends JudgedRun<RunSnapshot> {
  override stage = 'starting';
  readonly divergence = new DivergenceGate();
  /** How the run ended, once it has made its last step and its last benchmark, or was ended. */
  end?: RunEnd;
  /** Of the judge of benchmarks, once it was asked for. It stays for the whole run. */
  judgeVersion?: { version?: string | undefined };
  /** What the step under way has paid: `advance` adds it to the snapshot with the rest of the step. */
  #stepUsage = { calls: 0, cost: 0 };

  get config(): ExperimentConfig {
    return this.snapshot.config;
  }

  get totalSteps(): number {
    return this.snapshot.limits.maxSteps ?? this.config.algorithm.steps;
  }

  protected override get configuredJudge(): JudgeConfig {
    return this.config.judge;
  }

  /** The judge that benchmarks have instead of the run's, with the budget that holds now. */
  get ownBenchmarkJudge(): JudgeConfig | undefined {
    const { benchmarkJudgeBudgetUsd: judgeBudgetUsd, benchmarkJudgeBudgetCalls: judgeBudgetCalls } =
      this.snapshot.limits;
    const { judge } = this.config.benchmark;
    return judge && limitedJudge(judge, { judgeBudgetUsd, judgeBudgetCalls });
  }

  /** The judge of benchmarks and what it has cost so far: input of the stages that ask it. */
  get benchmarkJudge(): { judge: JudgeConfig; spent: JudgeSpending; judgeSection?: JudgeSection } {
    const { spent, benchmarkSpent = NOTHING } = this.snapshot;
    const own = this.ownBenchmarkJudge;
    return own ? { judge: own, spent: benchmarkSpent, judgeSection: 'benchmark.judge' } : { judge: this.judge, spent };
  }

  /** Adds what a finished benchmark paid. */
  spendOnBenchmark(usage: Pick<JudgeUsage, 'calls' | 'cost'>): void {
    const { benchmarkSpent = NOTHING } = this.snapshot;
    if (this.config.benchmark.judge) this.snapshot.benchmarkSpent = plus(benchmarkSpent, usage);
    else this.spend(usage);
  }

  protected override get spentSoFar(): JudgeSpending {
    return plus(this.snapshot.spent, this.#stepUsage);
  }

  get finished(): boolean {
    return this.snapshot.step >= this.totalSteps || this.endedEarly !== undefined;
  }

  /** Why it is finished before its last step, if it is. */
  get endedEarly(): string | undefined {
    if (this.snapshot.step >= this.totalSteps) return undefined;
    return endedEarly(this.snapshot.best, this.config.checkpoints.best);
  }

  /** The best checkpoint so far, where the config asks for it. */
  get best(): BestCheckpoint | undefined {
    const { best } = this.snapshot;
    const { end } = this;
    // A run that a user stopped may have lost its patience with its last benchmark; that did not end it.
    const endedEarly = end && end.how !== 'early' ? undefined : this.endedEarly;
    const metric = this.config.checkpoints.best?.metric;
    if (!best || metric === undefined) return undefined;
    return { step: best.step, metric, value: best.value, ...(endedEarly !== undefined && { endedEarly }) };
  }

  /** The evaluation of the policy that the run exports: the best one's, else the last. */
  get exported(): Evaluation {
    const { evaluations } = this.snapshot;
    const best = evaluations.find(({ step }) => step === this.best?.step);
    return present(best ?? evaluations.at(-1), 'last evaluation');
  }

  get exportedPolicy(): PolicyRef {
    return this.best ? this.exported.policy : this.policy;
  }

  get policy(): PolicyRef {
    return present(this.snapshot.policy, 'policy');
  }

  get reference(): PolicyRef {
    return present(this.snapshot.reference, 'reference');
  }

  get dataset(): NonNullable<RunSnapshot['dataset']> {
    return present(this.snapshot.dataset, 'dataset');
  }

  get manifest(): ArtifactRef {
    return this.dataset.manifest;
  }

  get heldOutClips(): ArtifactRef {
    return present(this.snapshot.heldOutClips, 'heldOutClips');
  }

  /**
   * How the run ends, whose last step and last benchmark are done.
   * @param blocked what it waited for, where a user stopped it meanwhile.
   */
  endOf({ stopped, blocked }: { stopped: boolean; blocked?: string | undefined }): RunEnd {
    const { step, evaluations } = this.snapshot;
    const at = { step, totalSteps: this.totalSteps };
    const measuredStep = evaluations.at(-1)?.step ?? step;
    if (blocked !== undefined)
      return {
        how: 'stopped',
        ...at,
        blocked: blocked.replace(/\.$/, ''),
        ...(measuredStep < step && { measuredStep }),
      };
    if (step >= this.totalSteps)
      return { how: this.totalSteps < this.config.algorithm.steps ? 'limited' : 'finished', ...at };
    const reason = this.endedEarly;
    return stopped || reason === undefined ? { how: 'stopped', ...at } : { how: 'early', ...at, reason };
  }

  /** Samples that could not be used; absent until the data set is known. */
  get setAside(): SetAside | undefined {
    const { train, heldOut, quarantined } = this.snapshot.dataset ?? {};
    if (train === undefined || heldOut === undefined || quarantined === undefined) return undefined;
    return { samples: quarantined, of: train + heldOut + quarantined };
  }

  /** Signs that the policy has collapsed. */
  get collapse(): CollapseWarning[] {
    return this.snapshot.collapse?.warnings ?? [];
  }

  /** The last finished step. */
  get place(): StepPlace {
    return { runKey: this.snapshot.runKey, step: this.snapshot.step };
  }

  /** What the step that comes next works on. */
  nextStep(gate: JudgeGate): StepInput {
    const { policy, snapshot } = this;
    return this.#stepInput(snapshot.step + 1, snapshot.rolloutPolicy ?? policy, gate);
  }

  /** What the step after that one works on, as far as it samples: its completions are the present policy's. */
  stepAhead(gate: JudgeGate): StepInput {
    return { ...this.#stepInput(this.snapshot.step + 2, this.policy, gate), onStage: () => {} };
  }

  #stepInput(step: number, rolloutPolicy: PolicyRef, gate: JudgeGate): StepInput {
    const { runKey, clipsAhead, skippedUpdates = 0 } = this.snapshot;
    return {
      config: this.config,
      place: { runKey, step },
      policy: this.policy,
      rolloutPolicy,
      reference: this.reference,
      dataset: this.dataset,
      clipsAhead,
      keep: bestSteps(this.snapshot.best),
      isLast: (other) => other >= this.totalSteps,
      spent: () => this.spentSoFar,
      judge: () => this.judge,
      gate,
      divergence: this.divergence,
      skippedUpdates,
      onStage: (stage) => {
        this.stage = stage;
      },
      onIdentity: (part, found) => this.noteIdentity(part, found, step),
      onJudged: ({ calls, cost }) => {
        this.#stepUsage = { calls: this.#stepUsage.calls + calls, cost: this.#stepUsage.cost + cost };
      },
    };
  }

  /** Moves on by one optimiser step. */
  advance({ policy, metrics, notFinite, usage, seconds, clipsAhead }: StepOutcome): void {
    const { snapshot } = this;
    snapshot.step += 1;
    if (samplesAhead(this.config.algorithm)) {
      const { optimizer: _, ...rolloutPolicy } = this.policy; // it samples, and is trained no further
      snapshot.rolloutPolicy = rolloutPolicy;
    }
    snapshot.policy = policy;
    if (refreshesReference(snapshot.step, this.config.algorithm)) {
      const { optimizer: _, ...reference } = policy; // it is compared with, and trained no further
      snapshot.reference = reference;
    }
    snapshot.lastMetrics = metrics;
    if (notFinite) snapshot.skippedUpdates = (snapshot.skippedUpdates ?? 0) + 1;
    const { collapse } = this.config;
    // A run that began with an older version has no such section.
    if (collapse && collapse.action !== 'ignore' && metrics['train/completionLength'] !== undefined)
      snapshot.collapse = watchStep(
        snapshot.collapse ?? NOTHING_WATCHED,
        { step: snapshot.step, metrics, groups: this.config.algorithm.samplesPerStep },
        collapse,
      );
    snapshot.secondsPerStep = 0.8 * (snapshot.secondsPerStep ?? seconds) + 0.2 * seconds;
    if (clipsAhead) snapshot.clipsAhead = clipsAhead;
    // What is left is the next step's, which is judged meanwhile.
    this.#stepUsage = { calls: this.#stepUsage.calls - usage.calls, cost: this.#stepUsage.cost - usage.cost };
    this.spend(usage);
  }

  /** What the run has been computed and judged with. */
  get identity(): RunIdentity {
    return this.snapshot.identity ?? NOTHING_SEEN;
  }

  /** Takes in with what a stage was done. @param step the step that it belongs to. */
  noteIdentity(part: MovingPart, found: readonly Identity[], step = this.snapshot.step): void {
    if (found.length > 0) this.snapshot.identity = noteIdentity(this.identity, part, step, found);
  }

  /** Takes in who has judged a benchmark. */
  noteBenchmarkJudge({ answeredBy = [] }: JudgedBy): void {
    this.noteIdentity(this.config.benchmark.judge ? 'benchmark.judge' : 'judge', answeredBy);
  }

  /** Counts the steps in a row of which the judge could score too little, and says why the run must pause for it. */
  pauseBecause({ scorable }: Pick<StepOutcome, 'scorable'>): string | undefined {
    const steps = stepsBelow(this.snapshot.stepsBelowScorable ?? 0, scorable, this.judge);
    const because = pauseBecause(steps, scorable, this.judge);
    this.snapshot.stepsBelowScorable = because === undefined ? steps : 0;
    return because;
  }

  /**
   * Keeps a benchmark result, in place of an earlier one of the same step. Of many, those between the first and the
   * last thin out, but for the best: step records have the numbers of all.
   */
  keep(evaluation: Evaluation): void {
    const { best } = this.config.checkpoints;
    const bestNow = best && bestAfter(this.snapshot.best, evaluation, best);
    if (bestNow) this.snapshot.best = bestNow;
    this.#watch(evaluation);
    const before = this.snapshot.evaluations.filter(({ step }) => step !== evaluation.step);
    const evaluations = [...before, evaluation].sort((a, b) => a.step - b.step);
    const last = evaluations.length - 1;
    this.snapshot.evaluations =
      last < MOST_EVALUATIONS
        ? evaluations
        : evaluations.filter(({ step }, i) => i % 2 === 0 || i === last || step === this.snapshot.best?.step);
  }

  /** Values of another benchmark cannot be compared, so the best checkpoint is looked for anew. */
  forgetBest(): void {
    delete this.snapshot.best;
  }

  /** Looks for signs of collapse in a benchmark, unless an earlier one is measured again. */
  #watch(evaluation: Evaluation): void {
    const { snapshot, config } = this;
    const isNew = snapshot.evaluations.every(({ step }) => step < evaluation.step);
    if (!isNew || !config.collapse || config.collapse.action === 'ignore') return;
    const watch = snapshot.collapse ?? NOTHING_WATCHED;
    snapshot.collapse = watchEvaluation(watch, evaluation, heldOutMetric(config), config.collapse);
  }

  /** What was measured at the present step. */
  get evaluationNow(): Evaluation | undefined {
    return this.snapshot.evaluations.find(({ step }) => step === this.snapshot.step);
  }

  /** Whether everything is measured that a run ends with, and of the exported policy the published benchmarks too. */
  get evaluatedFinally(): boolean {
    if (this.evaluationNow === undefined) return false;
    return (this.exported.suites ?? []).length === this.config.benchmark.suites.length;
  }

  /** Before the first step, after every `benchmark.everySteps`, and after the last. */
  get shouldEvaluate(): boolean {
    const { step } = this.snapshot;
    const every = this.config.benchmark.everySteps;
    return this.evaluationNow === undefined && (step === 0 || this.finished || (every > 0 && step % every === 0));
  }

  override status(waiting: Waiting): RunStatus {
    return trainingStatus(this, this.judgedStatus(this.#stillWaiting(waiting)));
  }

  /** Markdown for the run's page in the Temporal UI. */
  override details(waiting: Waiting): string {
    const { totalSteps, best, end, setAside, divergence } = this;
    const now = { ...this.#stillWaiting(waiting), notFinite: divergence.sentence };
    return runDetails(this.snapshot, { totalSteps, waiting: now, best, end, setAside });
  }

  /** A run that makes no further step does nothing that was asked of it for after its step. */
  #stillWaiting(waiting: Waiting): Waiting {
    return this.finished || this.end ? { ...waiting, paused: false, asked: undefined } : waiting;
  }

  /** All that another execution needs to continue from here. */
  get progress(): RunProgress {
    const { runKey, dataset, heldOutClips, clipsAhead, tracking, recordedStep, ...progress } = this.snapshot;
    return { ...progress, reference: this.reference, policy: this.policy };
  }

  summary(report: ArtifactRef, modelFolder: string): RunSummary {
    const { runKey, config, step, evaluations, tracking, trainedFrom, forkedFrom, identity } = this.snapshot;
    const { end, setAside, collapse } = this;
    return {
      runKey,
      config,
      steps: step,
      policy: this.exportedPolicy,
      modelFolder,
      base: present(evaluations[0], 'base evaluation'),
      trained: this.exported,
      report,
      ...(trainedFrom && { trainedFrom }),
      ...(forkedFrom && { forkedFrom }),
      ...(this.best && { best: this.best }),
      ...(end && { end }),
      ...(setAside && { setAside }),
      ...(collapse.length > 0 && { collapse }),
      ...(identity && { identity }),
      ...(tracking && { mlflowRunUrl: tracking.runUrl }),
    };
  }
}

/** What says whether the policy has become better: the best checkpoint's metric, or else the benchmark's first. */
function heldOutMetric({ checkpoints: { best }, benchmark: { metrics } }: ExperimentConfig): HeldOutMetric {
  if (best) return { metric: best.metric, mode: best.mode };
  return { metric: metrics.includes('events') ? 'eventF1' : metrics[0]!, mode: 'max' };
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The run has no ${name} yet: a stage was called out of order.`);
  return value;
}
