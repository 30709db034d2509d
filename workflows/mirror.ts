import { condition, log } from '@temporalio/workflow';
import type { RunState } from './run-state.ts';
import { mirror } from './stages.ts';
import { execution } from './start-run.ts';

/**
 * Copies the run's step records to MLflow beside the training, never in its way: while MLflow is down the records wait
 * in the artifact store, and when it returns everything arrives once, with the right steps and times.
 */
export class MlflowMirror {
  readonly #run: RunState;
  #closing = false;
  #delivering = false;
  #givenUp = false;

  constructor(run: RunState) {
    this.#run = run;
    this.#work().catch((error) => {
      // What cannot be mirrored (a run deleted in MLflow, say) must not hold up or end the training.
      log.error('Mirroring to MLflow was given up; the records stay in the artifact store.', { error });
      this.#givenUp = true;
    });
  }

  /** Waits until every record so far has arrived, or none ever will. */
  async drain(): Promise<void> {
    await condition(() => this.#upToDate || this.#givenUp);
  }

  /** Waits for the delivery in flight, so that the run may continue as new. */
  async rest(): Promise<void> {
    this.#closing = true;
    await condition(() => !this.#delivering);
  }

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
      execution: execution(),
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
