import type { ExperimentConfig } from '../configs/schema.ts';
import type { BestCheckpoint } from '../contracts/best.ts';
import type { CollapseWarning } from '../contracts/collapse.ts';
import type { RunEnd } from '../contracts/run-end.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import type { RunSnapshot } from '../contracts/run-state.ts';
import type { JudgeSection } from '../judge/client/config-section.ts';
import type { JudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending, JudgeUsage } from '../judge/usage.ts';
import type { EngineConfig } from '../policy/policy-config.ts';
import { bestAfter, endedEarly } from './best-checkpoint.ts';
import { NOTHING_WATCHED, watchEvaluation } from './collapse.ts';
import type { HeldOutMetric } from './held-out-fall.ts';
import { JudgedRun, NOTHING, plus } from './judged-run.ts';
import { limitedEngine, limitedJudge } from './limits.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { present } from './present.ts';

/** A snapshot travels with every step, and a run may be benchmarked a thousand times. */
const MOST_EVALUATIONS = 32;

/**
 * A training run whose policy is measured: when, by which judge, which results it keeps, and how the run ends, which
 * may depend on them.
 */
export abstract class MeasuredRun extends JudgedRun<RunSnapshot> {
  /** How the run ended, once it has made its last step and its last benchmark, or was ended. */
  end?: RunEnd;
  /** Of the judge of benchmarks, once it was asked for. It stays for the whole run. */
  judgeVersion?: { version?: string | undefined };
  /** Stages that spend the budget of `judge`: with `rolloutLag: 1` a benchmark is beside the next step's. */
  readonly judging = new OneAtATime();

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
    const { benchmarkSpent = NOTHING } = this.snapshot;
    const own = this.ownBenchmarkJudge;
    return own
      ? { judge: own, spent: benchmarkSpent, judgeSection: 'benchmark.judge' }
      : { judge: this.judge, spent: this.spentSoFar };
  }

  /** Adds what a finished benchmark paid. */
  spendOnBenchmark(usage: Pick<JudgeUsage, 'calls' | 'cost'>): void {
    const { benchmarkSpent = NOTHING } = this.snapshot;
    if (this.config.benchmark.judge) this.snapshot.benchmarkSpent = plus(benchmarkSpent, usage);
    else this.spend(usage);
  }

  /** Asks the judge of benchmarks, when no other stage spends its budget, and adds what that has paid. */
  benchmarkInTurn<T extends { usage: Pick<JudgeUsage, 'calls' | 'cost'> }>(ask: () => Promise<T>): Promise<T> {
    const asked = async () => {
      const result = await ask();
      this.spendOnBenchmark(result.usage);
      return result;
    };
    return this.config.benchmark.judge ? asked() : this.judging.run(asked);
  }

  /** The engine and, where captions are paid for, what they have cost so far: input of the stages that caption. */
  get captioning(): { engine: EngineConfig; spent?: JudgeSpending } {
    const { captionsSpent = NOTHING, limits } = this.snapshot;
    const engine = limitedEngine(this.config.policy.engine, limits);
    return { engine, ...(engine.kind === 'openai' && { spent: captionsSpent }) };
  }

  /** Adds what finished captions have cost. */
  spendOnCaptions(usage: JudgeUsage | undefined): void {
    const { captionsSpent = NOTHING } = this.snapshot;
    if (usage) this.snapshot.captionsSpent = plus(captionsSpent, usage);
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

  /** Signs that the policy has collapsed. */
  get collapse(): CollapseWarning[] {
    return this.snapshot.collapse?.warnings ?? [];
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
}

/** What says whether the policy has become better: the best checkpoint's metric, or else the benchmark's first. */
function heldOutMetric({ checkpoints: { best }, benchmark: { metrics } }: ExperimentConfig): HeldOutMetric {
  if (best) return { metric: best.metric, mode: best.mode };
  return { metric: metrics.includes('events') ? 'eventF1' : metrics[0]!, mode: 'max' };
}
