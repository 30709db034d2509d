import type { RunStatus } from '../contracts/run-status.ts';
import type { RunAttributes } from '../contracts/search-attributes.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ReferenceField } from '../core/sample.ts';
import type { LlmJudgeConfig } from '../judge/judge-config.ts';
import type { Waiting } from './controllable-run.ts';
import { JudgedRun, type JudgedSnapshot } from './judged-run.ts';
import { formLinks, type ShownExecution, waitingLines } from './run-details.ts';
import { phaseOf, waitsForPerson } from './run-phase.ts';

/**
 * Everything an annotation is, between two batches: small numbers and references. It survives continue-as-new as it is.
 */
export interface AnnotationSnapshot extends JudgedSnapshot {
  runKey: string;
  dataset: string;
  output: string;
  /** The fields to make; absent in a run that began when there were only thought and events. */
  make?: ReferenceField[];
  judge: LlmJudgeConfig;
  /** The captions as they were read; absent until then. */
  samples?: { ref: ArtifactRef; total: number; open: number };
  /** Batches that are done. */
  batches: number;
  annotated: number;
  unscorable: number;
}

/** The state of an annotation with the pure decisions about it. A step is a sample. */
export class AnnotationState extends JudgedRun<AnnotationSnapshot> {
  override stage = 'captions';
  /** The execution that plays it, for the links of its page. */
  execution?: ShownExecution;

  protected override get configuredJudge(): LlmJudgeConfig {
    return this.snapshot.judge;
  }

  /**
   * Samples a batch: enough that the endpoint is always fully asked, few enough that little is asked again after a
   * crash.
   */
  get batchSize(): number {
    return Math.max(16, 4 * this.snapshot.judge.concurrency);
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
    this.spend(usage);
  }

  override status(waiting: Waiting): RunStatus {
    return { ...this.judgedStatus(waiting), step: this.done, totalSteps: this.wanted, evaluations: [] };
  }

  override attributes(waiting: Waiting): RunAttributes {
    return { phase: phaseOf(this.stage), step: this.done, paused: waitsForPerson(waiting) };
  }

  override details(waiting: Waiting): string {
    const { samples, annotated, unscorable, spent, output } = this.snapshot;
    return [
      ...waitingLines(waiting),
      `**Annotation** ${this.done} of ${samples?.open ?? '?'} captions: ${annotated} annotated, ${unscorable} ` +
        'without a usable answer',
      '',
      `- Judge: ${spent.calls} calls, ${spent.usd.toFixed(2)} USD`,
      `- Output: ${output}`,
      ...(this.execution ? formLinks(this.execution) : []).map((link) => `- ${link}`),
    ].join('\n');
  }
}

interface BatchDone {
  annotated: number;
  unscorable: number;
  usage: { calls: number; cost: number };
}
