import { CancellationScope, condition, log } from '@temporalio/workflow';
import type { RunIdentity } from '../contracts/run-identity.ts';
import type { RunState } from './run-state.ts';
import { mlflowActivities } from './stages.ts';
import { execution } from './start-run.ts';

/**
 * Copies the run's step records to MLflow while training continues. While MLflow is down the records wait in the
 * artifact store, and when it returns everything arrives once, with the right steps and times.
 */
export class MlflowMirror {
  readonly #run: RunState;
  readonly #scope = new CancellationScope();
  #closing = false;
  #delivering = false;
  #givenUp = false;
  /** What MLflow knows already of what the run is made with. */
  #sentIdentity: RunIdentity | undefined;

  constructor(run: RunState) {
    this.#run = run;
    this.#scope
      .run(() => this.#work())
      .catch((error) => {
        if (this.#closing) return;
        // What cannot be mirrored (a run deleted in MLflow, say) must not hold up or end the training.
        log.error('Mirroring to MLflow was given up; the records stay in the artifact store.', { error });
        this.#givenUp = true;
      });
  }

  /** Waits until every record so far has arrived, or cannot arrive any more. */
  async drain(): Promise<void> {
    await condition(() => this.#upToDate || this.#givenUp);
  }

  /** Breaks off the delivery in flight, which may be waiting for MLflow, so that the run may continue as new. */
  async rest(): Promise<void> {
    this.#closing = true;
    this.#scope.cancel();
    await condition(() => !this.#delivering);
  }

  get #upToDate(): boolean {
    const { snapshot } = this.#run;
    return snapshot.tracking !== undefined && snapshot.mirroredStep >= snapshot.recordedStep;
  }

  /** A run that continues or was forked has records before its dataset is known, which MLflow needs first. */
  get #hasWork(): boolean {
    return this.#run.snapshot.tracking === undefined || (this.#canMirror && !this.#upToDate);
  }

  /** A fork first finds out which of the benchmarks in its records are its own. */
  get #canMirror(): boolean {
    const { dataset, forkedFrom } = this.#run.snapshot;
    return dataset !== undefined && (!forkedFrom || forkedFrom.sameBenchmark !== undefined);
  }

  async #work(): Promise<void> {
    while (!this.#closing) {
      await condition(() => this.#closing || this.#hasWork);
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
    snapshot.tracking ??= await mlflowActivities.startTracking(trackingInput(this.#run));
    const toStep = snapshot.recordedStep;
    if (!this.#canMirror || toStep <= snapshot.mirroredStep) return;
    const { forkedFrom, identity } = snapshot;
    await mlflowActivities.mirrorRecords({
      runKey: snapshot.runKey,
      tracking: snapshot.tracking,
      manifest: this.#run.manifest,
      fromStep: snapshot.mirroredStep + 1,
      toStep,
      ...(forkedFrom?.sameBenchmark === false && { otherBenchmarkTo: forkedFrom.step }),
      collapse: this.#run.collapse,
      // It seldom changes, and would make every step's history longer.
      ...(identity && identity !== this.#sentIdentity && { identity }),
    });
    this.#sentIdentity = identity;
    snapshot.mirroredStep = toStep;
  }
}

/** What an MLflow run is found or made by. */
export function trackingInput({ snapshot }: RunState): Parameters<typeof mlflowActivities.startTracking>[0] {
  const { runKey, config, startTime, dataset, trainedFrom, forkedFrom, sweep } = snapshot;
  return {
    ...{ runKey, config, startTime, execution: execution() },
    ...(trainedFrom && { trainedFrom }),
    ...(forkedFrom && { forkedFrom }),
    ...(sweep && { sweep }),
    ...(dataset && { manifest: dataset.manifest, digest: dataset.digest }),
  };
}
