import type { Limits } from '../contracts/limits.ts';
import type { RunStatus } from '../contracts/run-status.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { JudgeConfig, LlmJudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import type { ControllableRun, Waiting } from './controllable-run.ts';
import { limitedJudge } from './limits.ts';
import { waitingLines } from './run-details.ts';

/** Everything an annotation is, between two batches: small numbers and references. It survives continue-as-new as it is. */
export interface AnnotationSnapshot {
  runKey: string;
  dataset: string;
  output: string;
  judge: LlmJudgeConfig;
  /** The captions as they were read; absent until then. */
  samples?: { ref: ArtifactRef; total: number; open: number };
  /** Batches that are done. */
  batches: number;
  annotated: number;
  unscorable: number;
  spent: JudgeSpending;
  limits: Limits;
}

/** The state of an annotation with the pure decisions about it. A step is a sample. */
export class AnnotationState implements ControllableRun {
  readonly snapshot: AnnotationSnapshot;
  stage = 'captions';

  constructor(snapshot: AnnotationSnapshot) {
    this.snapshot = snapshot;
  }

  /** Samples a batch: enough that the endpoint is always fully asked, few enough that little is asked again after a crash. */
  get batchSize(): number {
    return Math.max(16, 4 * this.snapshot.judge.concurrency);
  }

  get judge(): JudgeConfig {
    return limitedJudge(this.snapshot.judge, this.snapshot.limits);
  }

  get done(): number {
    return this.snapshot.annotated + this.snapshot.unscorable;
  }

  get wanted(): number {
    const { samples, limits } = this.snapshot;
    return Math.min(samples?.open ?? 0, limits.maxSteps ?? Number.POSITIVE_INFINITY);
  }

  get finished(): boolean {
    return this.done >= this.wanted;
  }

  advance({ annotated, unscorable, usage }: BatchDone): void {
    const { snapshot } = this;
    snapshot.batches++;
    snapshot.annotated += annotated;
    snapshot.unscorable += unscorable;
    snapshot.spent = { calls: snapshot.spent.calls + usage.calls, usd: snapshot.spent.usd + usage.cost };
  }

  limit(limits: Limits): Limits {
    return Object.assign(this.snapshot.limits, limits);
  }

  status({ paused, blocked }: Waiting): RunStatus {
    const { spent } = this.snapshot;
    return {
      stage: blocked !== undefined ? 'paused: judge' : paused ? 'paused' : this.stage,
      step: this.done,
      totalSteps: this.wanted,
      paused,
      ...(blocked !== undefined && { blocked }),
      ...(spent.calls > 0 && { judge: spent }),
      evaluations: [],
    };
  }

  details(waiting: Waiting): string {
    const { samples, annotated, unscorable, spent, output } = this.snapshot;
    return [
      ...waitingLines(waiting),
      `**Annotation** ${this.done} of ${samples?.open ?? '?'} captions: ${annotated} annotated, ${unscorable} without a usable answer`,
      '',
      `Judge: ${spent.calls} calls, ${spent.usd.toFixed(2)} USD. Output: ${output}`,
    ].join('\n');
  }
}

interface BatchDone {
  annotated: number;
  unscorable: number;
  usage: { calls: number; cost: number };
}
