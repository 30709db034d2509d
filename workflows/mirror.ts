import { condition } from '@temporalio/workflow';
import type { RunState } from './run-state.ts';
import { mirror } from './stages.ts';

/**
 * Copies the run's step records to MLflow beside the training, never in its way: while MLflow is down the records wait
 * in the artifact store, and when it returns everything arrives once, with the right steps and times.
 */
export class MlflowMirror {
  readonly #run: RunState;
  #closing = false;

  constructor(run: RunState) {
    this.#run = run;
    this.#work().catch(() => undefined);
  }

  /** Waits until every record so far has arrived. */
  async drain(): Promise<void> {
    await condition(() => this.#upToDate);
  }

  /** Waits for the delivery in flight, so that the run may continue as new. */
  async rest(): Promise<void> {
    this.#closing = true;
    await condition(() => !this.#delivering);
  }

  #delivering = false;

  get #upToDate(): boolean {
    const { snapshot } = this.#run;
    return snapshot.tracking !== undefined && snapshot.mirroredStep >= snapshot.recordedStep;
  }

  async #work(): Promise<void> {
    while (!this.#closing) {
      await condition(() => this.#closing || !this.#upToDate);
      if (this.#closing) return;
      this.#delivering = true;
      try {
        await this.#deliver();
      } finally {
        this.#delivering = false;
      }
    }
  }

  async #deliver(): Promise<void> {
    const { snapshot } = this.#run;
    snapshot.tracking ??= await mirror.startTracking({
      runKey: snapshot.runKey,
      config: snapshot.config,
      startTime: snapshot.startTime,
      ...(snapshot.dataset && { manifest: snapshot.dataset.manifest, digest: snapshot.dataset.digest }),
    });
    const toStep = snapshot.recordedStep;
    if (toStep <= snapshot.mirroredStep) return;
    await mirror.mirrorRecords({
      runKey: snapshot.runKey,
      tracking: snapshot.tracking,
      manifest: this.#run.manifest,
      fromStep: snapshot.mirroredStep + 1,
      toStep,
    });
    snapshot.mirroredStep = toStep;
  }
}
